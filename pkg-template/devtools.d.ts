// Types of `everwire/devtools`, written by hand.

import type { ReconnectingEventSource, ReconnectingWebSocket } from "./index.js";

/**
 * `<everwire-inspector>`: shows connections on a page, what they did in the last two minutes and why. Attribute `seconds`: how much of the time
 * line it shows, at least 10. Default: 120.
 */
export class EverwireInspector extends HTMLElement {
  /**
   * Shows this connection, of any entry, under this name (default: the path of its URL), for as long as the element is on the page. Returns the
   * function that ends it.
   */
  watch(connection: ReconnectingWebSocket | ReconnectingEventSource, name?: string): () => void;
  /** Puts a line across the time line, and these words beside it: what somebody did to the connections, say. */
  note(text: string): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "everwire-inspector": EverwireInspector;
  }
}
