import { expect, test } from 'vitest';
import { Command } from 'commander';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  addOptionFlags,
  attributeOf,
  givenOptions,
  nameFlag,
} from '../../../../src/cli/flags/option-flags.ts';
import { addSeedFlags } from '../../../../src/cli/flags/seed-flags.ts';
import { asTyped } from '../../../../src/cli/flags/typed-flags.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import { changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { changeFlags, createFlags } from '../../../../src/public/named-options.ts';
import { type OptionFlag, forkFlags, launchFlags } from '../../../../src/public/options.ts';

function commandOf(args: readonly string[], flags: readonly OptionFlag[] = launchFlags): Command {
  const command = addSeedFlags(addOptionFlags(new Command().argument('[image]'), flags))
    .option('-u, --user <user>', '')
    .option('-o, --output <name>', '');
  nameFlag(command, 'imageName', '--output').parse(args, { from: 'user' });
  return command;
}

test.each<[string, string[], string]>([
  ['memory', ['--memory', '5'], '--memory'],
  ['memory', ['-m', '5'], '-m'],
  ['memory', ['-m5'], '-m'],
  ['memory', ['--memory=5'], '--memory'],
  ['disks[0]', ['--disk', 'x'], '--disk'],
  ['ports[1].guestPort', ['-p', '80', '-p', 'x'], '-p'],
  ['ports[1].guestPort', ['-p', '80', '--publish', 'x'], '--publish'],
  ['timeoutMs', ['--boot-timeout', '5'], '--boot-timeout'],
  ['diskSize', ['--disk-size', '5'], '--disk-size'],
  ['imageName', ['-o', '5'], '-o'],
  ['user', ['--username', 'A', '--user', 'b'], '--username'],
  ['seed', ['--memory', '1G', '--hostname', 'h'], '--hostname'],
  ['sshKeys[0]', ['--ssh-key', 'k'], '--ssh-key'],
  ['kernel, memory', ['--kernel', 'k', '-m', '1G'], '--kernel, -m'],
  ['image', ['micro'], 'image'],
  ['/a/spec.json', [], '/a/spec.json'],
])('%s of %j is %s', (field, args, typed) => {
  expect(asTyped(field, { command: commandOf(args), args })).toBe(typed);
});

test.each<[string, string[], string]>([
  ['net', ['--net', 'none', '--network', 'lan'], '--net'],
  ['net', ['--net', 'lan', '--network=bridge=br0'], '--network'],
  ['net', ['--network', 'lan', '--net=bridge=br0'], '--net'],
  ['networks[0]', ['--net', 'none', '--network', 'LAN'], '--network'],
  ['networks[1]', ['--network', 'lan', '--network', 'none', '--net=LAN'], '--net'],
  ['networks', ['--net', 'lan'], '--net'],
  ['networks', ['--network', 'lan', '--network-config', 'f'], '--network'],
  // The second value for the first card.
  ['net[1]', ['--network', 'none', '--net', 'auto'], '--net'],
  ['net[1]', ['--net', 'slirp', '--net', 'lan', '--network', 'bridge=br0'], '--network'],
  ['net', ['--network-config', 'f'], '--network'],
])('of the flag of two options, %s of %j is %s', (field, args, typed) => {
  for (const flags of [launchFlags, createFlags, changeFlags, forkFlags]) {
    const command = addSeedFlags(addOptionFlags(new Command(), flags));
    expect(asTyped(field, { command, args })).toBe(typed);
  }
});

const JUNK = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '99999999',
  'a b',
  'x=y',
  ',',
  '/',
  '\0',
  'é',
  '[',
  'none',
  'a'.repeat(300),
];
const MACHINE = {
  name: 'm',
  ports: [],
  disks: [],
  net: 'none',
  memoryBytes: 2 ** 30,
  labels: {},
  boot: { kind: 'firmware' },
};

/** zod’s own messages for a schema, which are for programmers. */
const OF_ZOD = /Invalid|Too (?:small|big)|Unrecognized|[<>]=|expected (?:string|number|array) to|received/;

test.each<[string, readonly OptionFlag[], (options: object) => unknown]>([
  ['run', launchFlags, (options) => parseSpec(options)],
  ['create', createFlags, (options) => parseCreateOptions({ name: 'm', image: 'micro', ...options })],
  ['set', changeFlags, (options) => changeSpec(MACHINE as unknown as MachineSpec, options, () => [])],
])('no flag of %s shows schema names, and each is named as typed', (_verb, flags, parse) => {
  let refused = 0;
  for (const flag of flags) {
    for (const junk of flag.value === 'switch' || flag.value === 'pairs' ? [] : JUNK) {
      const long = /--[a-z-]+/.exec(flag.flag)?.[0] ?? '';
      const value = flag.value === 'number' || flag.value === 'time' ? Number(junk) : junk;
      const given = givenOptions([flag], { [attributeOf(flag)]: flag.value === 'texts' ? [value] : value });
      const error = refusalOf(() => parse(given));
      if (!error) continue;
      refused++;
      expect(error.message, `${long} ${junk}`).not.toMatch(OF_ZOD);
      const typed = asTyped(error.field, { command: commandOf([], flags), args: [long] });
      expect(typed, `${long} ${JSON.stringify(junk)}: ${error.message}`).toMatch(/^--[a-z-]+$/);
    }
  }
  expect(refused).toBeGreaterThan(flags.length);
});

function refusalOf(parse: () => unknown): InvalidInputError | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
}
