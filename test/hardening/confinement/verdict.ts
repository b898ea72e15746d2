import { type Findings, together } from '../section.ts';
import { ARGUMENTS, argumentFor } from './argued.ts';
import { type Attack, type Case, groupOfCase, nameOfCase } from './case.ts';
import { promisedBy } from './layers.ts';
import { unprovenAttempts } from './reachable.ts';

/** The faults in all these attacks, and the counts for the table. */
export function judge(attacks: readonly Attack[]): Findings {
  const verdicts = attacks.map((attack) => {
    if (!attack.where) return judgeFree(attack);
    return attack.where.without.length > 0 ? judgeLayers(attack, attack.where) : judgeWhole(attack, attacks);
  });
  return together(verdicts);
}

function judgeWhole(attack: Attack, attacks: readonly Attack[]): Findings {
  const succeeded = attack.attempts.filter(({ refusal }) => refusal === '');
  const argued = succeeded.filter(({ attempt }) => argumentFor(attempt, attack) !== undefined);
  const faults = succeeded
    .filter((one) => !argued.includes(one))
    .map(({ attempt, remark }) => `${placeOf(attack)} it could ${attempt}${remark && ` (${remark.trim()})`}`);
  const missing = missingAttempts(attack, attacks);
  return {
    counts: [
      {
        what: placeOf(attack),
        kind: kindOf(attack),
        tried: attack.attempts.length + missing.length,
        held: attack.attempts.length - faults.length,
        permitted: argued.length,
        ...(argued.length > 0 && { note: `${argued.length} succeed, as permitted` }),
      },
    ],
    faults: [...problemsOf(attack, missing), ...faults],
  };
}

/** Without one layer, the promises of the other layers must still hold. */
function judgeLayers(attack: Attack, where: Case): Findings {
  const promised = promisedBy(where);
  const tried = attack.attempts.filter(({ attempt }) => promised.has(attempt));
  const broken = tried.filter(({ refusal }) => refusal === '');
  const all = attack.attempts.filter(({ refusal }) => refusal === '').length;
  return {
    counts: [
      {
        what: placeOf(attack),
        kind: kindOf(attack),
        tried: tried.length,
        held: tried.length - broken.length,
        note: `${all} of all ${attack.attempts.length} succeed`,
      },
    ],
    faults: [
      ...problemsOf(attack, []),
      ...broken.map(({ attempt }) => `${placeOf(attack)} it could ${attempt}`),
    ],
  };
}

function judgeFree(attack: Attack): Findings {
  const unproven = unprovenAttempts(attack);
  const refused = attack.attempts.filter(({ refusal }) => refusal !== '').length;
  return {
    counts: [
      {
        what: `${attack.user} without a wrapper`,
        tried: attack.attempts.length,
        held: attack.attempts.length - unproven.length,
        permitted: refused - unproven.length,
        note: `the host denies ${refused}`,
      },
    ],
    faults: [
      ...problemsOf(attack, []),
      ...unproven.map((one) => `without a wrapper, ${attack.user} could not ${one}: that proves nothing`),
    ],
  };
}

function placeOf({ user, where }: Attack): string {
  return `${user} in ${where ? nameOfCase(where) : 'no wrapper'}`;
}

function kindOf({ user, where }: Attack): string {
  return `${user} in ${where ? groupOfCase(where) : 'no wrapper'}`;
}

/** A program that was killed, or replaced by another, has not tried everything. */
function missingAttempts(attack: Attack, attacks: readonly Attack[]): string[] {
  const free = attacks.find(({ user, where }) => user === attack.user && where === undefined);
  const made = new Set(attack.attempts.map(({ attempt }) => attempt));
  return (free?.attempts ?? []).map(({ attempt }) => attempt).filter((attempt) => !made.has(attempt));
}

function problemsOf(attack: Attack, missing: readonly string[]): string[] {
  return [
    ...(attack.problem === undefined ? [] : [`${placeOf(attack)}: ${attack.problem}`]),
    ...(missing.length === 0
      ? []
      : [`${placeOf(attack)} did not come so far as to ${missing[0] ?? ''}, and ${missing.length - 1} more`]),
  ];
}

/** Unused exceptions: their reason is gone, or the program lost an attempt. */
export function idleArguments(attacks: readonly Attack[]): string[] {
  const whole = attacks.filter(({ where }) => where?.without.length === 0);
  return ARGUMENTS.flatMap(({ attempts }) => attempts).filter(
    (name) =>
      !whole.some((attack) =>
        attack.attempts.some(({ attempt, refusal }) => attempt === name && refusal === ''),
      ),
  );
}
