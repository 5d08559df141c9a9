import { styleText } from 'node:util';

const plain = Boolean(process.env['NO_COLOR']) || !process.stdout.isTTY;
const style = (format: 'bold' | 'cyan' | 'dim', text: string): string =>
  plain ? text : styleText(format, text);

export function heading(text: string): void {
  console.log(`\n${style('bold', text)}\n${style('dim', '─'.repeat(text.length))}`);
}

export function say(text: string): void {
  console.log(text);
}

export function command(args: readonly string[]): void {
  const words = args.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`));
  console.log(style('cyan', `\n$ vya ${words.join(' ')}`));
}
