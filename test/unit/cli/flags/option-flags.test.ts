import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addOptionFlags, givenOptions, wordsOf } from '../../../../src/cli/flags/option-flags.ts';
import { addTemplateFlags, launchOptions } from '../../../../src/cli/flags/machine-flags.ts';
import { forkOptions } from '../../../../src/cli/flags/refused-flags.ts';
import { addSeedFlags } from '../../../../src/cli/flags/seed-flags.ts';
import { parseForkOptions } from '../../../../src/template/fork-options.ts';
import { parseMembership } from '../../../../src/network/private/membership.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import { changeFlags, createFlags } from '../../../../src/public/named-options.ts';
import { type OptionFlag, forkFlags, launchFlags, templateFlags } from '../../../../src/public/options.ts';

function read(flags: readonly OptionFlag[], ...words: string[]): object {
  const command = addSeedFlags(addOptionFlags(new Command(), flags)).exitOverride();
  return command.parse(words, { from: 'user' }).opts();
}

it('omitted flags are undefined', () => {
  expect(givenOptions(launchFlags, read(launchFlags))).toEqual({});
});

it('flags become options of the library with the library’s names', () => {
  const words = ['--disk-size', '20G', '-p', '80', '-p', '81', '--cpus', '2', '--limit', 'cpus=1'];
  expect(givenOptions(launchFlags, read(launchFlags, ...words, '--boot-timeout', '1.5m'))).toEqual({
    diskSize: '20G',
    ports: ['80', '81'],
    cpus: 2,
    limits: 'cpus=1',
    timeoutMs: 90_000,
  });
  expect(givenOptions(createFlags, read(createFlags, '--tpm', '-l', 'a=b', '-l', 'c'))).toEqual({
    tpm: true,
    labels: { a: 'b', c: '' },
  });
});

it('options of the library become the words that they are read from', () => {
  const words = [
    '--cpus',
    '2',
    '--accel',
    'tcg',
    '--adopt',
    '--disk',
    '20G',
    '--disk',
    '1 G',
    '--label',
    'a=b',
  ];
  const options = givenOptions(createFlags, read(createFlags, ...words));
  expect(givenOptions(createFlags, read(createFlags, ...wordsOf(createFlags, options)))).toEqual(options);
  expect([...wordsOf(createFlags, options)].sort()).toEqual([...words].sort());
  expect(wordsOf(launchFlags, { timeoutMs: 90_000, cpus: undefined })).toEqual(['--boot-timeout', '90000ms']);
  expect(wordsOf(createFlags, { tpm: false, ports: [{ guest: 80 }] })).toEqual(['--publish', '{"guest":80}']);
});

it('an invalid choice is rejected by the library', () => {
  for (const flags of [launchFlags, createFlags, changeFlags]) {
    expect(givenOptions(flags, read(flags, '--accel', 'xen'))).toEqual({ accel: 'xen' });
  }
  const refusal = 'accel: "xen": expected auto, kvm or tcg';
  expect(() => parseSpec(launchOptions('micro', read(launchFlags, '--accel', 'xen'), undefined))).toThrow(
    refusal,
  );
  const options = { name: 'm', ...givenOptions(createFlags, read(createFlags, '--accel', 'xen')) };
  expect(() => parseCreateOptions(options)).toThrow(refusal);
});

describe('--net and --network', () => {
  const options = (flags: readonly OptionFlag[], ...words: string[]) =>
    givenOptions(flags, read(flags, ...words));

  it('are one repeatable flag for the first card and private networks', () => {
    const words = ['--net', 'lan:alias=db', '--network', 'none', '--net=dmz'];
    for (const flags of [launchFlags, createFlags, changeFlags, forkFlags]) {
      expect(options(flags, ...words)).toEqual({ net: 'none', networks: ['lan:alias=db', 'dmz'] });
      expect(options(flags, '--net', 'slirp')).toEqual({ net: 'slirp' });
      expect(options(flags, '--net', 'lan')).toEqual({ networks: ['lan'] });
    }
    expect(options(createFlags, '--net', 'bridge=br0', '--net', 'lan')).toEqual({
      net: 'bridge=br0',
      networks: ['lan'],
    });
  });

  it('keep several cards outside of private networks apart from these', () => {
    const given = { net: ['slirp', 'bridge=br0'], networks: ['lan'] };
    const words = ['--network', 'slirp', '--network', 'bridge=br0', '--network', 'lan'];
    expect(options(changeFlags, ...words)).toEqual(given);
    expect(wordsOf(createFlags, given)).toEqual(words);
  });

  it('leave a second first card to the library, which rejects it', () => {
    const words = ['--net', 'none', '--network', 'auto'];
    const twice = 'net[1]: the first network card is set twice: none, auto';
    expect(() => parseSpec(options(launchFlags, ...words))).toThrow(twice);
    expect(() => parseForkOptions(options(forkFlags, ...words))).toThrow(twice);
    const create = { name: 'm', image: 'micro', ...options(createFlags, ...words) };
    expect(() => parseCreateOptions(create)).toThrow(twice);
  });

  it('become words again', () => {
    const given = { net: 'none', networks: ['lan', 'dmz:mtu=9000'] };
    const words = ['--network', 'none', '--network', 'lan', '--network', 'dmz:mtu=9000'];
    expect(wordsOf(createFlags, given)).toEqual(words);
    expect(options(createFlags, ...words)).toEqual(given);
    expect(wordsOf(changeFlags, { networks: ['lan'] })).toEqual(['--network', 'lan']);
    expect(wordsOf(createFlags, { net: 'slirp' })).toEqual(['--network', 'slirp']);
  });

  it.each([
    ['run', launchFlags],
    ['create', createFlags],
    ['set', changeFlags],
    ['run --template', forkFlags],
  ])('the help of %s names every option that the parser accepts', (_verb, flags) => {
    const help = flags.find(({ option }) => option === 'net');
    expect(help?.flag).toBe('--net, --network <net>');
    const [, listed = ''] = /join: NAME\[:([^\]]*)\]/.exec(help?.description ?? '') ?? [];
    const values: Readonly<Record<string, string>> = {
      alias: 'db',
      ip: '10.9.0.20',
      mac: '52:54:00:12:34:56',
      mtu: '9000',
      latency: '20ms',
      loss: '0.5%',
      bandwidth: '10Mbit',
    };
    expect(listed).toBe('alias=,ip=,mac=,mtu=,latency=,loss=,bandwidth=');
    const all = listed.split(',').map((key) => `${key}${values[key.slice(0, -1)] ?? ''}`);
    expect(parseMembership(`lan:${all.join(',')}`, 'networks')).toMatchObject({
      latencyMs: 20,
      lossPpm: 5000,
      bandwidth: 1_250_000,
    });
  });

  it('of a template have no private networks', () => {
    expect(options(templateFlags, '--net', 'slirp')).toEqual({ net: 'slirp' });
    const lan = launchOptions('micro', read(templateFlags, '--network', 'lan'), undefined, templateFlags);
    expect(() => parseSpec(lan)).toThrow('net: "lan": expected auto, passt, slirp or none');
  });
});

it('flags of mounts are not in the help of templates, which refuse them', () => {
  const help = addTemplateFlags(new Command()).helpInformation();
  expect(help).toContain('--disk <disk>');
  expect(help).not.toMatch(/--volume|--mount/);
});

describe('with a template', () => {
  it.each([
    ['--memory', '1G'],
    ['--disk-size', '20G'],
    ['--accel', 'tcg'],
    ['--cpu', 'max'],
    ['--limit', 'none'],
    ['--pull', 'never'],
    ['--timezone', 'UTC'],
    ['--firstboot-command', 'true'],
  ])('%s is rejected', (flag, value) => {
    expect(() => forkOptions(read(launchFlags, flag, value))).toThrow(
      `template: cannot be used together with ${flag}`,
    );
  });

  it('options that each fork has for itself are accepted', () => {
    const words = ['--name', 'f', '-p', '80', '--net', 'slirp', '--boot-timeout', '5'];
    expect(forkOptions(read(launchFlags, ...words))).toEqual({
      name: 'f',
      ports: ['80'],
      net: 'slirp',
      timeoutMs: 5000,
    });
  });
});
