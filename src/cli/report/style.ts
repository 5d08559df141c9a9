/** Colours tell one thing each in light and dark, and stay apart for those who see few of them: shape and words say the same. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2128; --faint: #57606a; --rule: #d0d7de; --daily: #7bc4a4; --weekly: #2f8f83;
  --monthly: #1f5f8b; --yearly: #5b3d8f; --kept: #b7a9d6; --gone: #e4e8ec; --failed: #d1442f; --missed: #f0b429; --mark: #1c2128; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6edf3; --faint: #9aa5b1; --rule: #30363d; --daily: #3f8f6e;
  --weekly: #35b3a4; --monthly: #5aa5dc; --yearly: #a58be0; --kept: #665a86; --gone: #262c34; --failed: #e5604c; --missed: #c98f16; --mark: #fff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 0.5rem; } p { margin: 0.35rem 0; }
.faint, figcaption { color: var(--faint); font-size: 0.875rem; }
.verdict { display: inline-block; margin: 0.75rem 0; padding: 0.35rem 0.8rem; border-radius: 0.4rem; border: 2px solid var(--weekly); font-weight: 600; }
.verdict.warning { border-color: var(--missed); } .verdict.critical { border-color: var(--failed); }
.scroll { overflow-x: auto; } .year { direction: rtl; } .year svg { direction: ltr; } figure { margin: 0.75rem 0; } .charts { display: flex; flex-wrap: wrap; gap: 0 2rem; }
svg { max-width: none; } .chart { max-width: 100%; height: auto; } svg text { fill: var(--faint); font: 10px system-ui, sans-serif; }
.chart polyline { fill: none; stroke: var(--monthly); stroke-width: 1.5; } .chart circle { fill: var(--monthly); } .base { stroke: var(--rule); }
.daily { fill: var(--daily); } .weekly { fill: var(--weekly); } .monthly { fill: var(--monthly); } .yearly { fill: var(--yearly); }
.kept { fill: var(--kept); } .gone { fill: var(--gone); } .failed { fill: var(--failed); }
.missed { fill: var(--paper); stroke: var(--missed); stroke-width: 2; } .proof { fill: var(--paper); stroke: var(--mark); } .pin { fill: var(--mark); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0; margin: 0.5rem 0; list-style: none; font-size: 0.875rem; }
.legend svg { vertical-align: -2px; margin-right: 0.35rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; } th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td { overflow-wrap: anywhere; } .bar { height: 0.75rem; border-radius: 0.4rem; background: var(--gone); overflow: hidden; max-width: 30rem; } .bar div { height: 100%; background: var(--monthly); }
@media (max-width: 40rem) { body { padding: 1rem 0.75rem 3rem; } }
`;
