// A route that itself listens: the first event of a stream, received on the server.
import { ReconnectingEventSource } from "everwire";

export const dynamic = "force-dynamic";

export async function GET() {
  const events = new ReconnectingEventSource(`${process.env.FIXTURE}/sse/greetings?first=oldest`);
  for await (const { data } of events) return new Response(data);
}
