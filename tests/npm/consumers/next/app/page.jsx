// A page that is rendered for each request, as the address is known only then.
import { connection } from "next/server";
import Receive from "./receive.jsx";

export default async function Page() {
  await connection();
  return <Receive server={process.env.FIXTURE} />;
}
