import { VyaError } from '../../errors.ts';
import type { SecretFile } from '../../exec/command.ts';
import type { InstanceTarget } from '../../model/instance.ts';

/**
 * The password file of libpq (PostgreSQL manual, "The Password File") with one line that fits every connection, because the command's
 * environment decides where it goes. Undefined without a password. Throws VyaError `credentials` for a password that no line can hold.
 */
export function passFile(target: InstanceTarget): SecretFile | undefined {
  const { password } = target;
  if (password === undefined) return undefined;
  if (/[\n\0]|\r$/.test(password)) {
    throw new VyaError(
      'credentials',
      `${target.id}: the password holds a line break or NUL, and libpq's password file cannot`,
      { hint: `Give ${target.user} another password, and store it with vya credentials set ${target.id}.` },
    );
  }
  const escaped = password.replaceAll(/[\\:]/g, String.raw`\$&`);
  return { content: `*:*:*:*:${escaped}\n`, as: { variable: 'PGPASSFILE' } };
}
