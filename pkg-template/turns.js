// Time for what awaits an event to be there for the next.

/** How many promises in a row may settle meanwhile. */
const TURNS = 4;

/**
 * Browsers dispatch each event from a task of its own, so what awaits one is there to listen for the next. A task for each would
 * cost twice as much as the event; a few turns of the promises cost next to nothing, and an async function needs three to return one.
 */
export const turns = async () => {
  for (let i = 0; i < TURNS; i += 1) await undefined;
};
