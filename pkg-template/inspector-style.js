// How <everwire-inspector> looks: one constructed style sheet for all of them, which no policy for inline styles stops. Light or dark is
// what `color-scheme` says where the element is.

const CSS = `
:host {
  --ground: light-dark(#ffffff, #16191e);
  --sunk: light-dark(#f0f2f5, #1f242b);
  --line: light-dark(#e1e4e9, #2a3039);
  --strong: light-dark(#c6ccd5, #414956);
  --text: light-dark(#14171c, #e8eaee);
  --muted: light-dark(#5a626e, #9ba4b0);
  --accent: light-dark(#2560cc, #7aa7ff);
  --good: light-dark(#16713f, #55c78c);
  --bad: light-dark(#c22a2f, #f4807c);
  --wait: light-dark(#8a5a00, #e0ae55);
  /* Bars carry white text in both. */
  --native: #2f6bd8;
  --stream: #0f7a72;
  --poll: #7a4ddb;
  --waiting: light-dark(#dd9a1e, #c98f27);

  display: flex;
  flex-direction: column;
  position: relative;
  container-type: inline-size;
  padding: 14px 16px;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--ground);
  color: var(--text);
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
  text-align: start;
}
:host([hidden]) { display: none; }
*, ::before { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
ul, ol { list-style: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.all { flex: 1; display: flex; flex-direction: column; min-width: 0; min-height: 0; }

/* The time line. */
.chart {
  --gutter: calc(var(--letters, 0) * 0.62em + 26px);
  position: relative;
  display: grid;
  grid-template-columns: var(--gutter) minmax(0, 1fr);
  align-items: center;
  row-gap: 10px;
  padding-top: 18px;
}
.name { min-width: 0; padding-inline-end: 10px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.name::before { display: inline-block; margin-inline-end: 7px; vertical-align: 1px; }
.name::before, .state::before { content: ""; flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--muted); }
.name[data-state="open"]::before, [data-state="open"] .state::before { background: var(--good); }
.name[data-state="connecting"]::before, [data-state="connecting"] .state::before { background: var(--waiting); }
.name[data-state="waiting"]::before, [data-state="waiting"] .state::before { background: none; border: 2px solid var(--waiting); }
.name[data-state="offline"]::before, [data-state="offline"] .state::before { background: none; border: 2px dashed var(--muted); }
.name[data-state="closed"]::before, [data-state="closed"] .state::before { background: var(--bad); border-radius: 1px; }
.track {
  position: relative; height: 22px; overflow-x: clip; border-radius: 5px;
  background: repeating-linear-gradient(90deg, transparent 0 calc(25% - 1px), var(--line) calc(25% - 1px) 25%) var(--sunk);
}
.strip { position: absolute; inset: 0; will-change: transform; }
.strip svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; pointer-events: none; z-index: 1; }
.strip path { fill: #ffffff; opacity: 0.24; }
.item { position: absolute; }
.item:focus-visible { z-index: 4; outline-offset: 1px; }
.bar { top: 0; bottom: 0; min-width: 2px; border-radius: 5px; background: var(--strong); }
.bar.open { background: var(--stream); }
.bar.by-websocket.open, .bar.by-eventsource.open { background: var(--native); }
.bar.by-long-poll.open { background: var(--poll); }
.bar.connecting { background: var(--waiting); }
.bar.waiting { background: repeating-linear-gradient(135deg, var(--waiting) 0 2.5px, transparent 2.5px 5.5px); }
.bar.offline { background: repeating-linear-gradient(135deg, var(--muted) 0 2.5px, transparent 2.5px 5.5px); }
.bar.closed { inset-block: 9px; background: var(--strong); }
.bar .label {
  position: absolute; z-index: 2; top: 0; line-height: 22px; font-size: 11px; font-weight: 550; color: #ffffff; white-space: nowrap;
  pointer-events: none;
}
.mark {
  z-index: 3; top: 50%; width: 10px; height: 10px; margin: -5px; border-radius: 50%; background: var(--good);
  box-shadow: 0 0 0 1.5px var(--ground);
}
.mark.fresh { background: var(--ground); box-shadow: inset 0 0 0 2px var(--text), 0 0 0 1px var(--ground); }
.mark.gap, .mark.missing { border-radius: 1px; rotate: 45deg; background: var(--bad); }
.mark.lost, .mark.failed, .mark.closed {
  top: -4px; bottom: -4px; width: 2px; height: auto; margin: 0 -1px; border-radius: 1px; background: var(--bad); box-shadow: none;
}
.mark.failed { top: 4px; bottom: 4px; }
.mark.closed { width: 4px; margin: 0 -2px; }
/* What is small is easier to meet. */
.item::before { content: ""; position: absolute; inset: -4px; }
.bar::before { inset: 0 -1px; }
.notes { position: absolute; inset: 0 0 24px var(--gutter); overflow-x: clip; pointer-events: none; }
.note { position: absolute; z-index: 4; top: 4px; bottom: 0; border-inline-start: 1px dashed var(--muted); }
.note .label { position: absolute; top: -8px; inset-inline-start: 4px; font-size: 11px; white-space: nowrap; }
.note .label.turned { inset-inline: auto 4px; }
.axis {
  grid-column: 2; display: flex; justify-content: space-between; margin-top: -6px; font-size: 11px; line-height: 14px; color: var(--muted);
}
.axis span { width: 0; display: flex; justify-content: center; white-space: nowrap; }
.axis span:first-child { justify-content: flex-start; }
.axis span:last-child { justify-content: flex-end; }

.foot { display: flex; align-items: center; justify-content: space-between; gap: 12px; margin-top: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 11.5px; color: var(--muted); }
.legend li { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.key { width: 14px; height: 9px; border-radius: 2px; background: var(--native); }
.key.stream { background: var(--stream); }
.key.poll { background: var(--poll); }
.key.connecting { background: var(--waiting); }
.key.waiting { background: repeating-linear-gradient(135deg, var(--waiting) 0 2px, transparent 2px 4px); }
.key.lost { width: 2px; height: 13px; background: var(--bad); }
.key.resumed { width: 9px; border-radius: 50%; background: var(--good); }
.key.fresh { width: 9px; border-radius: 50%; background: none; box-shadow: inset 0 0 0 2px var(--text); }
.key.gap { width: 8px; height: 8px; margin-inline: 1px; border-radius: 1px; rotate: 45deg; background: var(--bad); }
button {
  flex: none; padding: 3px 10px; border: 1px solid var(--strong); border-radius: 7px; background: none; color: inherit; font: inherit;
  font-size: 12px; cursor: pointer;
}
button:hover { border-color: var(--muted); }
button[aria-pressed="true"] { border-color: transparent; background: var(--waiting); color: #14171c; }

/* The connections. */
.empty { display: none; padding: 4px 0; color: var(--muted); }
.is-empty > .empty { display: block; }
.is-empty > .chart, .is-empty > .foot { display: none; }
.cards { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 230px), 1fr)); margin-top: 12px; }
.card { min-width: 0; padding: 9px 12px 10px; border: 1px solid var(--line); border-radius: 9px; }
.title { display: flex; align-items: center; justify-content: space-between; gap: 10px; }
.title b { font-weight: 620; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.state { display: inline-flex; align-items: center; gap: 6px; font-weight: 550; color: var(--wait); }
[data-state="open"] .state { color: var(--good); }
[data-state="closed"] .state { color: var(--bad); }
[data-state="offline"] .state { color: var(--muted); }
.now { margin-bottom: 6px; font-size: 12px; color: var(--muted); }
dl > div { display: grid; grid-template-columns: 82px minmax(0, 1fr); padding: 2.5px 0; border-top: 1px solid var(--line); }
dt { color: var(--muted); }
dd { overflow-wrap: anywhere; }
[data-reading="cursor"] { font: 12px/1.55 ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
[data-waits] { color: var(--wait); font-weight: 600; }

/* What happened. */
.log {
  flex: none; min-height: 64px; max-height: 150px; margin-top: 12px; padding-top: 8px; border-top: 1px solid var(--line); overflow-y: auto;
  font-size: 12.5px; line-height: 1.65;
}
.is-empty > .log:empty { display: none; }
.log time { margin-inline-end: 4px; color: var(--muted); }
.log b { display: inline-block; min-width: calc(max(var(--letters), 4) * 0.62em); font-weight: 600; }
.log [data-tone="good"] span { color: var(--good); }
.log [data-tone="bad"] span { color: var(--bad); }

.tip {
  position: absolute; z-index: 5; max-width: min(100%, 340px); padding: 6px 10px 7px; border-radius: 7px;
  background: light-dark(#20252c, #e8eaee); color: light-dark(#f4f5f7, #14171c); box-shadow: 0 3px 12px rgb(0 0 0 / 22%);
  font-size: 12px; line-height: 1.4; overflow-wrap: anywhere;
}
.tip p:first-child { font-weight: 620; }

@container (max-width: 420px) {
  .legend { gap: 2px 11px; }
  .axis span:nth-child(even) { visibility: hidden; }
  .log b { min-width: 0; }
}

/* Colours of the system's own carry no meaning: what they cannot tell, the words do. */
@media (forced-colors: active) {
  .bar, .mark, .key, .name::before, .state::before { forced-color-adjust: none; }
}
`;

let sheet;

/** The style sheet, made when the first one needs it. */
export const style = () => {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
};
