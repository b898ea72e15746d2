import { afterAll, describe, expect, it } from 'vitest';
import { type Finished } from '../command.ts';
import { makeHome } from './home.ts';

const home = await makeHome();
afterAll(async () => home.close());

/** The whole output of a command that must fail, without a machine. */
async function refusal(...args: string[]): Promise<Finished['stderr']> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect({ status, stdout }).toStrictEqual({ status: 125, stdout: '' });
  return stderr;
}

describe('a guest larger than its host', () => {
  const tooLarge = /^vmlet: --memory: 900 GiB exceeds the host's [\d.]+ GiB of memory and /;

  it('is rejected before it starts', async () => {
    expect(await refusal('run', '--memory', '900G', 'micro', '--', 'true')).toMatch(tooLarge);
    expect(await refusal('run', '--dry-run', '--memory', '900G', 'micro')).toMatch(tooLarge);
  });

  it('can be neither created nor configured', async () => {
    expect(await refusal('create', 'large', '--image', 'micro', '--memory', '900G')).toMatch(tooLarge);
    expect(home.machines()).toStrictEqual([]);
    await home.store.create({ name: 'small', image: 'micro' });
    expect(await refusal('set', 'small', '--memory', '900G')).toMatch(tooLarge);
    expect(home.store.get('small').spec.memoryBytes).toBe(256 * 1024 ** 2);
  });
});

it('memory without a unit gets a suggestion', async () => {
  expect(await refusal('run', '--memory', '2048', 'micro', '--', 'true')).toMatch(
    /^vmlet: --memory: 2048 bytes; did you mean 2048M\?\n/,
  );
});

describe('a mistake on the command line is one sentence that names what was typed:', () => {
  it.each<[string[], string]>([
    [
      ['image', 'build', 'debain:13'],
      'vmlet: distribution: cannot build debain from packages\n  did you mean debian? ',
    ],
    [['image', 'build', 'debian:13'], 'vmlet: --output: a name is required\n'],
    [['image', 'build', 'debian:13', '-o', 'A b'], 'vmlet: -o: invalid image name "A b"\n'],
    [['image', 'build', 'micro', '--kernel', './nope'], 'vmlet: --kernel ./nope: no such file\n'],
    [['image', 'build', 'micro', '--busybox', '/tmp'], 'vmlet: --busybox: /tmp is a directory\n'],
    [['image', 'build', '--from', 'debian:13', '--cpus', '0'], 'vmlet: --cpus: 0: expected at least 1\n'],
    [['run', '--disk', './nope.img', 'micro'], 'vmlet: --disk ./nope.img: no such file\n'],
    [['run', './nope.img'], 'vmlet: image: no such file: ./nope.img\n'],
    [['create', 'x', '--image', './nope.img'], 'vmlet: --image ./nope.img: no such file\n'],
    [['create', 'x', '--location', './nope'], 'vmlet: --location ./nope: no such file\n'],
    [['create', 'x', '--image', 'micro', '--net', 'bridge=absent'], 'vmlet: --net: no such bridge: absent\n'],
    [['run', '--cpus', '0', 'micro'], 'vmlet: --cpus: 0: expected at least 1\n'],
    [['run', '--accel', 'xen', 'micro'], 'vmlet: --accel: "xen": expected auto, kvm or tcg\n'],
    [['run', '--kernel', ''], 'vmlet: --kernel: "": must not be empty\n'],
    [
      ['run', '--hostname', 'h', 'micro'],
      'vmlet: --hostname: requires a disk, but this machine boots a kernel directly\n',
    ],
    [['run', '-p', 'foo', 'micro'], 'vmlet: -p: invalid port "foo": expected 1 to 65535, '],
    [['run', '--limit', 'memory=5', 'micro'], 'vmlet: --limit: 5 bytes; did you mean 5M?\n'],
    [['qmp', 'nope'], 'vmlet: no such machine: nope\n'],
    [['qmp', 'nope', 'query-status'], 'vmlet: no such machine: nope\n'],
    [['qmp', './nope'], 'vmlet: cannot connect to ./nope: no such socket\n'],
  ])('%j', async (args, words) => {
    expect((await refusal(...args)).slice(0, words.length)).toBe(words);
  });

  it('qmp of a machine that does not run', async () => {
    await home.store.create({ name: 'idle', image: 'micro' });
    expect(await refusal('set', 'idle', '--net', 'bridge=absent')).toMatch(
      /^vmlet: --net: no such bridge: absent/,
    );
    expect(await refusal('qmp', 'idle', 'query-status')).toBe(
      'vmlet: machine "idle" is not running\n  start it first: vmlet start idle\n',
    );
  });
});
