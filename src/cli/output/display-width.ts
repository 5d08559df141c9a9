/** Made for the first text that needs it: most need none, and it takes a while. */
let segmenter: Intl.Segmenter | undefined;

function graphemes(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** What stands in two columns of a terminal: Unicode's East Asian wide and fullwidth characters, as far as people type them. */
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{1FA70}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
const plainText = /^[\x20-\x7E]*$/;

/** How many columns of a terminal a text takes: wide characters take two, and combining ones none. */
export function displayWidth(text: string): number {
  if (plainText.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += widthOf(segment);
  return width;
}

/** As much of a text as fits into so many columns; `…` stands at the end of one that was cut. */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Of one character as people count them, which may be several code points. */
function widthOf(grapheme: string): number {
  if (wide.test(grapheme) || /\p{Emoji_Presentation}|\uFE0F/u.test(grapheme)) return 2;
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme)) return 0;
  // The marks of halfwidth katakana join the letter before, and have a column of their own all the same.
  return 1 + (grapheme.slice(1).match(/[\uFF9E\uFF9F]/g)?.length ?? 0);
}
