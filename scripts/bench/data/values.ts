import { at, capitalised, type Random, word } from './words.ts';

/** NULL, as both kinds of servers read it from a file. */
export const nothing = String.raw`\N`;

export const places =
  'Lisbon Porto Recife Berlin Hamburg Lyon Paris Turin Rome Oslo Bergen Kyoto Osaka Lima Quito'.split(' ');
export const states = ['new', 'paid', 'packed', 'shipped', 'delivered', 'delivered', 'delivered', 'returned'];
export const agents = ['Firefox/145.0', 'Chrome/142.0', 'Safari/26.1', 'Edge/142.0'].flatMap((browser) =>
  ['X11; Linux x86_64', 'Windows NT 10.0; Win64', 'Macintosh; Intel Mac OS X 15_6', 'Linux; Android 16'].map(
    (system) => `Mozilla/5.0 (${system}) ${browser}`,
  ),
);

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function bytes(next: Random, count: number): string {
  let text = '';
  for (let done = 0; done < count; done += 4) {
    const four = next();
    text += `${hex[four & 255]}${hex[(four >> 8) & 255]}${hex[(four >> 16) & 255]}${hex[four >>> 24]}`;
  }
  return text;
}

export function uuid(next: Random): string {
  const digits = bytes(next, 16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
export const date = (next: Random): string =>
  `${2018 + (next() % 8)}-${two(1 + (next() % 12))}-${two(1 + (next() % 28))}`;
export const moment = (next: Random): string =>
  `${date(next)} ${two(next() % 24)}:${two(next() % 60)}:${two(next() % 60)}`;
export const price = (next: Random): string =>
  `${next() % 300}.${at(['00', '50', '90', '95', '99'], next())}`;
export const person = (next: Random): string => `${capitalised(word(next))} ${capitalised(word(next))}`;
export const oneOf = (table: string, next: Random, counts: ReadonlyMap<string, number>): number =>
  1 + (next() % (counts.get(table) ?? 1));
