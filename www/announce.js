// What a screen reader is told: changes of state, never each price.

/**
 * A drop and its reconnect may be 200 ms apart on two connections at once. Said at once they would cut each other off,
 * so what comes within a second is said as one.
 * @param {HTMLElement} region a polite live region
 * @returns {(sentence: string) => void}
 */
export function announcer(region) {
  let waiting = [];
  let timer = 0;
  return (sentence) => {
    waiting.push(sentence);
    clearTimeout(timer);
    timer = setTimeout(() => {
      region.textContent = waiting.slice(-4).join(" ");
      waiting = [];
    }, 1000);
  };
}
