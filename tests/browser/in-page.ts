/** What runs inside the page, as text: the browser has no modules of ours. */

/** Relative luminance and contrast as WCAG 2 defines them. */
const colours = `
const channels = (colour) => {
  const found = /^rgba?\\((\\d+), (\\d+), (\\d+)(?:, ([\\d.]+))?\\)$/.exec(colour);
  return found && found[4] !== '0' ? found.slice(1, 4).map(Number) : undefined;
};
const luminance = (colour) => {
  const [r, g, b] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
};
const groundOf = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const { backgroundColor } = getComputedStyle(each);
    if (channels(backgroundColor)) return backgroundColor;
  }
  return 'rgb(255, 255, 255)';
};
const paper = groundOf(document.body);
`;

const inScope = (body: string): string => `(() => { ${colours} ${body} })()`;

export interface Measured {
  what: string;
  contrast: number;
}

/** The contrast of every text with what is behind it; a letter of a sign stands on its square. */
export const textContrasts = inScope(`
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const measured = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const what = walker.currentNode.data.trim();
    if (what === '' || element.closest('title, style')) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const square = isDrawn ? element.parentElement.querySelector(':scope > rect') : null;
    const ground = square ? getComputedStyle(square).fill : groundOf(element);
    measured.push({ what, contrast: contrast(isDrawn ? style.fill : style.color, ground) });
  }
  return measured;`);

/** The contrast of what carries meaning in the drawings with what is behind it. */
export const markContrasts = inScope(`
  const measured = [];
  const note = (selector, property, ground = () => paper) => {
    const found = [...document.querySelectorAll(selector)];
    if (found.length === 0) throw new Error('nothing is ' + selector);
    for (const element of found) {
      measured.push({ what: selector, contrast: contrast(getComputedStyle(element)[property], ground(element)) });
    }
  };
  for (const mark of ['hourly', 'daily', 'weekly', 'monthly', 'yearly', 'kept', 'gone', 'failed', 'damaged']) note('.signs .' + mark, 'fill');
  note('.signs .missed', 'stroke');
  note('.signs .proof', 'stroke');
  note('.signs .pin', 'fill');
  note('.signs .cross', 'stroke', (element) => getComputedStyle(element.previousElementSibling).fill);
  note('.chart polyline', 'stroke');
  note('.chart circle', 'fill');
  note('.bar', 'borderTopColor');
  note('.bar div', 'backgroundColor');
  note('.verdict', 'borderLeftColor');
  note('.level :first-child', 'fill', groundOf);
  note('.level path:last-child', 'stroke', (element) => getComputedStyle(element.parentElement.firstElementChild).fill);
  return measured;`);

/** Elements that reach out of the window and do not lie in a part that can be scrolled by itself. */
export const sticksOut = inScope(`
  return [...document.body.querySelectorAll('*')]
    .filter((element) => !element.closest('.scroll > *, .signs'))
    .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 120));`);

/** Each sign less its colour. */
export const signsWithoutColour = inScope(`
  return [...document.querySelectorAll('.signs defs > *')]
    .map((sign) => sign.innerHTML.replaceAll(/class="[^"]*"|\\s+/g, '') || sign.getAttribute('d'));`);

/** What has the focus: where it is in the page, its outline, and whether the window shows it. */
export const focused = inScope(`
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { top, bottom } = element.getBoundingClientRect();
  return {
    index: [...document.querySelectorAll('*')].indexOf(element),
    outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
    isShown: bottom > 0 && top < innerHeight,
  };`);

/** Where in the page everything is that a keyboard has to reach. */
export const interactive = inScope(`
  const all = [...document.querySelectorAll('*')];
  return [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].map((element) => all.indexOf(element));`);
