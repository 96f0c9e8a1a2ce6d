// No parser, but what none that hands out strings can go below: the bytes decoded, in one piece.
export default () => {
  const decoder = new TextDecoder();
  return (chunk) => decoder.decode(chunk, { stream: true });
};
