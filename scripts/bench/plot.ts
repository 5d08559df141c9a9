import type { Comparison, Results } from './results.ts';
import { median } from './statistics.ts';

const [width, left, right, line, heading] = [860, 300, 130, 20, 40] as const;

/** Bars of wall time, each comparison on a scale of its own. The colours are legible on light and on dark. */
export function renderPlot({ comparisons }: Results): string {
  let y = 34;
  const parts = comparisons
    .filter(({ contestants }) => contestants.some(({ vya, runs }) => !vya && runs.length > 0))
    .map((comparison) => {
      const drawn = bars(comparison, y);
      y = drawn.below;
      return drawn.svg;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 10}" width="${width}" height="${y + 10}" role="img" aria-label="Wall time of vya and its peers" font-family="system-ui, sans-serif" font-size="12">
<style>
  text { fill: #333; } .vya { fill: #1a7f64; } .peer { fill: #9aa4b2; } .title { font-weight: 600; font-size: 13px; } .ground { fill: #fff; }
  @media (prefers-color-scheme: dark) { text { fill: #ddd; } .vya { fill: #3fc79a; } .peer { fill: #667085; } .ground { fill: #16181d; } }
</style>
<rect class="ground" width="100%" height="100%"/>
<text x="16" y="22">Wall time in seconds, median; shorter is better; × counts in times of vya’s first. Each group has a scale of its own.</text>
${parts.join('\n')}
</svg>
`;
}

function bars({ title, contestants }: Comparison, top: number): { svg: string; below: number } {
  const rows = contestants
    .filter(({ runs }) => runs.length > 0)
    .map(({ name, vya, runs }) => ({ name, vya, seconds: median(runs.map(({ wall }) => wall)) }));
  const most = Math.max(...rows.map((row) => row.seconds));
  const drawn = rows.map(({ name, vya, seconds }, index) => {
    const y = top + heading + index * line;
    const length = Math.max(1, (seconds / most) * (width - left - right));
    const ratio = vya ? '' : ` (${(seconds / (rows[0]?.seconds ?? seconds)).toFixed(2)} ×)`;
    return `<text x="${left - 8}" y="${y}" text-anchor="end">${escaped(name)}</text><rect class="${vya ? 'vya' : 'peer'}" x="${left}" y="${y - 11}" width="${length.toFixed(1)}" height="14" rx="2"/><text x="${(left + length + 6).toFixed(1)}" y="${y}">${seconds.toFixed(2)}${ratio}</text>`;
  });
  const name = `<text class="title" x="16" y="${top + 18}">${escaped(title)}</text>`;
  return { svg: [name, ...drawn].join('\n'), below: top + heading + rows.length * line };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
