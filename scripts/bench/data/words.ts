/** Text that compresses as text does: words of a fixed list, frequent ones first, by Zipf's law. */

/** Whole numbers from 0 to 2^32-1, the same for the same seed; xorshift, because a gigabyte asks for many. */
export type Random = () => number;

export function random(seed: number): Random {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const common =
  'the of and to a in is it that for was on are with as be at one have this from or had by but what some we can out other were all there when up use your how said an each she which do their time if will way about many then them write would like so these her long make thing see him two has look more day could go come did number sound no most people my over know water than call first who may down side been now find any new work part take get place made live where after back little only round man year came show every good me give our under name very through just form sentence great think say help low line differ turn cause much mean before move right boy old too same tell does set three want air well also play small end put home read hand port large spell add even land here must big high such follow act why ask men change went light kind off need house picture try us again animal point mother world near build self earth father'.split(
    ' ',
  );

const begins = 'b c d f g h l m n p r s t v w br cl cr dr fl gr pl pr sh st th tr'.split(' ');
const vowels = 'a e i o u ai ea io ou'.split(' ');
const ends = ['', '', '', 'n', 'r', 's', 't', 'l', 'm', 'nd', 'st', 'ng'];

const LIST = 12_000;
const SLOTS = 1 << 16;

function madeUp(next: Random): string {
  let word = '';
  for (let syllable = 1 + (next() % 4); syllable > 0; syllable -= 1) {
    word += at(begins, next()) + at(vowels, next()) + at(ends, next());
  }
  return word;
}

export function at<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}

/** Each word fills as many slots as it is frequent: the n-th has 1/n of the first one's share. */
function zipf(): string[] {
  const next = random(20_260_101);
  const words = [...common, ...Array.from({ length: LIST - common.length }, () => madeUp(next))];
  const harmonic = words.reduce((sum, _, index) => sum + 1 / (index + 1), 0);
  const slots: string[] = [];
  words.forEach((word, index) => {
    const share = Math.max(1, Math.round(SLOTS / (index + 1) / harmonic));
    for (let count = 0; count < share && slots.length < SLOTS; count += 1) slots.push(word);
  });
  while (slots.length < SLOTS) slots.push(at(words, next()));
  return slots;
}

const slots = zipf();

export function word(next: Random): string {
  return slots[next() & (SLOTS - 1)] as string;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Sentences of together so many words. */
export function prose(next: Random, words: number): string {
  let text = '';
  let left = words;
  while (left > 0) {
    const length = Math.min(left, 4 + (next() % 14));
    let sentence = capitalised(word(next));
    for (let count = 1; count < length; count += 1) {
      sentence += (next() & 15) === 0 ? `, ${word(next)}` : ` ${word(next)}`;
    }
    text += `${text === '' ? '' : ' '}${sentence}.`;
    left -= length;
  }
  return text;
}
