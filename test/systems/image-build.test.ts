import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEBIAN_GUEST_TIMEOUT_MS, whyNoDebianGuest } from '../debian-guest.ts';
import { addDebianImage } from '../debian-image.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { type Finished, start, until } from '../e2e/command.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';

const BOOTS_TIMEOUT_MS = 900_000;
const MEBIBYTE = 1024 * 1024;

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Prints the machine’s identity: its machine id and its host key. */
const WHO = 'echo "I am $(cat /etc/machine-id) $(cut -d " " -f 2 /etc/ssh/ssh_host_ed25519_key.pub)"\n';

const SCRIPTS = {
  // Neither a first line that says what it is for, nor anything left in the image of what it removes.
  write: `echo "$GREETING from $PWD" >/file; mkdir /srv/big; head -c 64M /dev/urandom >/srv/big/file; sync; rm -r /srv/big`,
  fail: `#!/bin/sh\n${WHO}printf 'to stderr\\tand\\033[31m red\\n' >&2\nexit 3\n`,
  add: `#!/usr/bin/env bash\nset -e\n${WHO}[[ -s /file ]]\necho second >>/file\n`,
};

describe.skipIf(missing !== undefined)('vmlet image build --from', () => {
  let home: ReturnType<typeof makeTemporaryDirectory>;
  let env: NodeJS.ProcessEnv;
  let images = '';

  beforeAll(async () => {
    home = makeTemporaryDirectory();
    env = Object.fromEntries(
      ['data', 'cache', 'config', 'state'].map((kind) => [
        `XDG_${kind.toUpperCase()}_HOME`,
        join(home.path, kind),
      ]),
    );
    copyProbedHost(join(home.path, 'cache/vmlet'));
    images = join(home.path, 'data/vmlet/images');
    await addDebianImage(images, 'base');
    for (const [name, content] of Object.entries(SCRIPTS)) writeFileSync(scriptPath(name), content);
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(() => home.remove());

  const scriptPath = (name: string): string => join(home.path, `${name}.sh`);

  async function vmlet(...args: string[]): Promise<Finished> {
    return start(args, { env }).finished;
  }

  async function build(...words: string[]): Promise<Finished> {
    const flags = words.flatMap((word) => (word.startsWith('-') ? [word] : ['--run', scriptPath(word)]));
    return vmlet('image', 'build', '--from', 'base', '--env=GREETING=hello', ...flags, '-o', 'web');
  }

  const leftovers = (): string[] => readdirSync(images).filter((name) => name.startsWith('.building'));

  async function listed(): Promise<{ names: string[]; bytes: number; digest: string }[]> {
    const { stdout } = await vmlet('image', 'ls', '--json');
    return (JSON.parse(stdout) as { images: { names: string[]; bytes: number; digest: string }[] }).images;
  }

  it(
    'keeps the changes of a script, builds on them, and reruns no script needlessly',
    async () => {
      const failed = await build('write', 'fail');
      expect(failed.status).toBe(125);
      expect(failed.stdout).toBe('');
      expect(failed.stderr).toContain('to stderr\tand red\n');
      expect(failed.stderr).toMatch(/vmlet: in the guest, \S+\/fail\.sh exited with status 3; last lines:\n/);
      // The result of the first script is available to the next attempt, without a name.
      const images1 = await listed();
      expect(images1.map(({ names }) => names)).toEqual([[], ['base']]);
      expect(images1[0]?.bytes).toBeLessThan(32 * MEBIBYTE);

      const built = await build('write', 'add');
      expect(built.status).toBe(0);
      expect(built.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      expect(built.stderr).toContain('/write.sh: reusing the result of an identical earlier run\n');
      const who = [failed, built].map(({ stderr }) => /I am ([0-9a-f]{32}) (\S{60,})/.exec(stderr));
      // Both machines began with the image of the first script.
      expect(who[0]?.[1]).not.toBe(who[1]?.[1]);
      expect(who[0]?.[2]).not.toBe(who[1]?.[2]);
      expect((await listed()).map(({ names }) => names)).toEqual([['web'], [], ['base']]);

      const again = await build('write', 'add');
      expect(again.stdout).toBe(built.stdout);
      expect(again.stderr.match(/reusing the result of an identical earlier run/g)).toHaveLength(2);

      const { stdout } = await vmlet(
        'run',
        '--fresh',
        'web',
        '--',
        'sh',
        '-c',
        `cat /file; ls -A /srv; ${WHO}`,
      );
      expect(stdout).toMatch(/^hello from \/root\nsecond\nI am [0-9a-f]{32} \S{60,}\n$/);
      for (const [, id, key] of who.map((match) => match ?? [])) {
        expect(stdout).not.toContain(id);
        expect(stdout).not.toContain(key);
      }
      expect(leftovers()).toEqual([]);
    },
    BOOTS_TIMEOUT_MS,
  );

  it('keeps the images that a layer is based on', async () => {
    const { status, stderr } = await vmlet('image', 'rm', 'base');
    expect(stderr).toMatch(/image "base" is in use by web/);
    expect(status).toBe(125);
    await vmlet('image', 'rm', 'web');
    expect((await listed()).map(({ names }) => names)).toEqual([['base']]);
  });

  it('times out after --boot-timeout, and leaves nothing', async () => {
    const flags = ['--boot-timeout', '1s', '--run', scriptPath('write')];
    const { status, stderr } = await vmlet('image', 'build', '--from', 'base', ...flags, '-o', 'web');
    expect(status).toBe(124);
    expect(stderr).toMatch(/timed out after 1 s\n[^]*more time with --boot-timeout/);
    expect(leftovers()).toEqual([]);
  });

  it('leaves only what the next command removes when it is killed', async () => {
    const args = ['image', 'build', '--from', 'base', '--run', scriptPath('write'), '-o', 'web'];
    const building = start(args, { env });
    const qemu = await until(() => findQemu());
    building.process.kill('SIGKILL');
    await building.finished;
    await until(() => !existsSync(`/proc/${qemu}`) || commandLine(qemu) === '');
    expect(leftovers()).toHaveLength(1);
    const { status } = await vmlet('image', 'prune', '--force');
    expect(status).toBe(0);
    expect(leftovers()).toEqual([]);
    expect((await listed()).map(({ names }) => names)).toEqual([['base']]);
  });

  function findQemu(): number | undefined {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => {
        const words = commandLine(pid);
        return words.startsWith('qemu-system') || words.includes('/qemu-system')
          ? words.includes(`${images}/.building`)
          : false;
      });
  }
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}
