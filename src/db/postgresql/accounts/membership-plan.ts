import { escapeIdentifier } from 'pg';
import type { AccountSet, Membership } from '../../../model/accounts.ts';
import type { AccountChange } from '../../accounts.ts';

/** From this version on a membership has options, and a grantor that counts. */
const FIRST_WITH_OPTIONS = 16;

interface Edge extends Membership {
  member: string;
}

/**
 * Grants and revokes of memberships. Who passes a role on must hold it with ADMIN: those that others rest on come first, and are
 * revoked last. Grants by the role that made the server, or by vya's own, are made by whoever restores.
 */
export function membershipChanges(wanted: AccountSet, present?: AccountSet): AccountChange[] {
  const names = new Set(wanted.accounts.map(({ name }) => name));
  const versions = [wanted.source, present?.source ?? wanted.source].map(({ server }) => server.major);
  const withOptions = Math.min(...versions) >= FIRST_WITH_OPTIONS;
  const known = new Set([...names, ...(present?.accounts.map(({ name }) => name) ?? [])]);
  const anonymous = new Set([
    wanted.source.bootstrap,
    present?.source.bootstrap,
    ...(present?.accounts.flatMap(({ own, name }) => (own ? [name] : [])) ?? []),
  ]);
  const edgesOf = (set: AccountSet | undefined): Map<string, Edge> =>
    new Map(
      set?.accounts
        .filter(({ name }) => names.has(name))
        .flatMap(({ name, memberships }) => memberships.map((each) => edge(name, each)))
        .map((each) => [keyOf(each), each]),
    );
  const edge = (member: string, { role, admin, inherit, set, grantor }: Membership): Edge => {
    const counts = grantor !== undefined && known.has(grantor) && !anonymous.has(grantor);
    return withOptions
      ? { member, role, admin, inherit, set, grantor: counts ? grantor : undefined }
      : { member, role, admin };
  };
  const [want, had] = [edgesOf(wanted), edgesOf(present)];
  const missing = [...want].filter(([key, each]) => !sameOptions(each, had.get(key)));
  const surplus = [...had].filter(([key]) => !want.has(key));
  return [
    ...inOrder(missing.map(([, each]) => each)).flatMap((each) =>
      grants(each, had.get(keyOf(each)), withOptions),
    ),
    ...inOrder(surplus.map(([, each]) => each))
      .toReversed()
      .map(revoke),
  ];
}

function keyOf({ role, member, grantor }: Edge): string {
  return JSON.stringify([role, member, grantor]);
}

function sameOptions(a: Edge, b: Edge | undefined): boolean {
  return b !== undefined && a.admin === b.admin && a.inherit === b.inherit && a.set === b.set;
}

/** Those without a grantor, then those whose grantor has been granted the role before. */
function inOrder(edges: readonly Edge[]): Edge[] {
  const ordered: Edge[] = [];
  let rest = [...edges];
  while (rest.length > 0) {
    const ready = rest.filter(
      ({ role, grantor }) =>
        grantor === undefined ||
        !rest.some((each) => each.role === role && each.member === grantor && each.admin),
    );
    // Grants in a circle cannot be: what is left is taken as it comes.
    const next = ready.length > 0 ? ready : rest;
    ordered.push(...next);
    rest = rest.filter((each) => !next.includes(each));
  }
  return ordered;
}

function grants(each: Edge, had: Edge | undefined, withOptions: boolean): AccountChange[] {
  const [role, member] = [escapeIdentifier(each.role), escapeIdentifier(each.member)];
  const by = each.grantor === undefined ? '' : ` GRANTED BY ${escapeIdentifier(each.grantor)}`;
  if (withOptions) {
    const options = [
      `ADMIN ${truth(each.admin)}`,
      ...(each.inherit === undefined ? [] : [`INHERIT ${truth(each.inherit)}`]),
      ...(each.set === undefined ? [] : [`SET ${truth(each.set)}`]),
    ];
    return [change(each, 'grant', `GRANT ${role} TO ${member} WITH ${options.join(', ')}${by}`)];
  }
  if (had?.admin && !each.admin)
    return [change(each, 'revoke', `REVOKE ADMIN OPTION FOR ${role} FROM ${member}`)];
  return [change(each, 'grant', `GRANT ${role} TO ${member}${each.admin ? ' WITH ADMIN OPTION' : ''}`)];
}

function revoke(each: Edge): AccountChange {
  const by = each.grantor === undefined ? '' : ` GRANTED BY ${escapeIdentifier(each.grantor)}`;
  return change(
    each,
    'revoke',
    `REVOKE ${escapeIdentifier(each.role)} FROM ${escapeIdentifier(each.member)}${by}`,
  );
}

function change({ member, role, grantor }: Edge, kind: AccountChange['kind'], sql: string): AccountChange {
  return { account: member, kind, sql, shown: sql, needs: { what: 'role', role, grantor } };
}

function truth(value: boolean): string {
  return value ? 'TRUE' : 'FALSE';
}
