/**
 * Every pair of colours holds the contrast that WCAG asks for, in light and dark, and what a colour says a letter or a shape says,
 * too: tests measure it in a browser.
 */
const light = `color-scheme: light; --paper: #fff; --card: #f6f8fa; --ink: #1c2128; --faint: #57606a; --rule: #d0d7de; --link: #0b5cad;
  --hourly: #6f9a3d; --daily: #35a07a; --weekly: #1b7f78; --monthly: #1f5f8b; --yearly: #5b3d8f; --kept: #8d7bbd; --gone: #7d8894;
  --failed: #c93a26; --damaged: #a8245e; --missed: #a86d00; --ok: #1b7f78; --letter: #fff;`;
const dark = `color-scheme: dark; --paper: #12161c; --card: #1a2028; --ink: #e6edf3; --faint: #9aa5b1; --rule: #343c46; --link: #7cb8f0;
  --hourly: #a5c36b; --daily: #55b48e; --weekly: #35b3a4; --monthly: #5aa5dc; --yearly: #b39ceb; --kept: #9b8cc4; --gone: #6f7a86;
  --failed: #ef6a55; --damaged: #f07bac; --missed: #e0a52e; --ok: #35b3a4; --letter: #10151b;`;

const page = `
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.75rem 1rem 4rem; max-width: 65.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.75rem 0 0.5rem; line-height: 1.3; }
p { margin: 0.4rem 0; } ul, ol { margin: 0; padding: 0; list-style: none; } a { color: var(--link); } .signs { position: absolute; }
.faint, figcaption, dt, time { color: var(--faint); font-size: 0.875rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
`;
const verdict = `
.verdict { margin: 1rem 0 0; padding: 0.7rem 1rem; border-radius: 0.5rem; border-left: 6px solid var(--ok); background: var(--card); }
.verdict.warning { border-color: var(--missed); } .verdict.critical { border-color: var(--failed); }
.verdict p { margin: 0; display: flex; gap: 0.6rem; align-items: center; font-size: 1.1rem; }
.verdict ul { margin: 0.6rem 0 0.1rem; display: grid; gap: 0.35rem; } .verdict li { display: flex; gap: 0.6rem; }
.level { flex: none; margin-top: 0.12rem; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; fill: none; }
.level :first-child { fill: var(--ok); stroke: none; } .level path:last-child { stroke: var(--letter); }
.level.warning :first-child { fill: var(--missed); } .level.critical :first-child { fill: var(--failed); }
`;
const glance = `
.glance li { display: grid; grid-template-columns: 20px minmax(0, 1fr) auto minmax(0, 1fr); gap: 0.2rem 0.75rem; align-items: center;
  padding: 0.5rem 0; border-bottom: 1px solid var(--rule); }
.figures { display: flex; flex-wrap: wrap; gap: 0.75rem 2.5rem; margin: 0.5rem 0 0.9rem; } dd { margin: 0; font-size: 1.35rem; font-weight: 600; }
.bar { height: 0.8rem; border-radius: 0.4rem; border: 1px solid var(--gone); overflow: hidden; } .bar div { height: 100%; background: var(--monthly); }
.legend { display: flex; flex-wrap: wrap; gap: 0.35rem 1.1rem; margin: 0.9rem 0 0; font-size: 0.875rem; }
.legend svg { vertical-align: -3px; margin-right: 0.4rem; overflow: visible; }
`;
const calendar = `
.scroll { overflow-x: auto; padding: 4px 2px; } .year { direction: rtl; } .year svg { direction: ltr; display: block; margin-right: auto; }
.calendar, .strip { max-width: none; overflow: visible; } text { fill: var(--faint); font: 11px system-ui, sans-serif; }
${['hourly', 'daily', 'weekly', 'monthly', 'yearly', 'kept', 'gone', 'failed', 'damaged'].map((mark) => `.${mark} { fill: var(--${mark}); }`).join(' ')}
text.letter { fill: var(--letter); font-weight: 700; } text.on-hourly, text.on-daily, text.on-kept { fill: #10151b; }
.cross { stroke: var(--letter); stroke-width: 2.2; stroke-linecap: round; } .missed { fill: none; stroke: var(--missed); stroke-width: 2; stroke-dasharray: 3 2; }
.proof { fill: none; stroke: var(--ink); stroke-width: 2; } .seam { fill: none; stroke: var(--paper); } .pin { fill: var(--ink); stroke: var(--paper); }
`;
const details = `
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0.5rem 2rem; } figure { margin: 0.75rem 0 0; }
figcaption b { color: var(--ink); font-size: 1rem; margin-left: 0.25rem; } .chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart polyline { fill: none; stroke: var(--monthly); stroke-width: 1.75; } .chart polygon { fill: var(--monthly); opacity: 0.14; }
.chart circle { fill: var(--monthly); } .base { stroke: var(--rule); }
summary { display: inline-block; margin-top: 0.75rem; padding: 0.25rem 0; color: var(--link); cursor: pointer; } summary::before { content: '▸ '; }
details[open] summary::before { content: '▾ '; } .days { columns: 17rem; column-gap: 2rem; font-size: 0.9375rem; } .is-failed, .is-missed, .is-damaged { font-weight: 600; }
.problems li { display: grid; grid-template-columns: 11.5rem minmax(0, 18rem) 1fr; gap: 0 1rem; padding: 0.5rem 0; border-bottom: 1px solid var(--rule); }
.problems time { line-height: 1.7; } .problems b { font-weight: 600; }
`;
const narrow = `
@media (max-width: 44rem) { body { padding: 1.1rem 0.75rem 3rem; } .glance li { grid-template-columns: 20px minmax(0, 1fr); }
  .glance .strip, .glance .faint { grid-column: 2; } .problems li { display: block; } .problems span { display: block; }
  .chart text { font-size: 15px; } }
`;
const paper = `
@media print { :root { ${light} } body { max-width: none; padding: 0; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .year { overflow: visible; direction: ltr; } .calendar { width: 100%; height: auto; } section, li, figure { break-inside: avoid; } details { display: none; } }
`;

export const style = `
:root { ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
${page}${verdict}${glance}${calendar}${details}${narrow}${paper}`;
