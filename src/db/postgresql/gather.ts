import type { Query } from './session.ts';

interface Question {
  text: string;
  answer(rows: object[]): void;
  fail(error: unknown): void;
}

/**
 * A query that sends what is asked at the same time in one message, where each statement has no values and no comment at its end: for
 * small databases the way to the server and back takes longer than the answers. They are one transaction, so that all fail with one.
 */
export function gather(query: Query): Query {
  let questions: Question[] = [];
  const send = async (): Promise<void> => {
    const asked = questions;
    questions = [];
    try {
      const [first, ...others] = asked;
      if (others.length === 0) return first?.answer(await query(first.text));
      // Several results come as rows of rows.
      const answers = await query<object[]>(asked.map(({ text }) => text).join(';\n'));
      asked.forEach(({ answer }, index) => answer(answers[index] ?? []));
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  };
  return <T extends object>(text: string, values: readonly unknown[] = []) => {
    if (values.length > 0) return query<T>(text, values);
    return new Promise<T[]>((resolve, reject) => {
      questions.push({ text, answer: (rows) => resolve(rows as T[]), fail: reject });
      if (questions.length === 1) setImmediate(() => void send());
    });
  };
}
