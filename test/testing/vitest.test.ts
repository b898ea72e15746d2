import { randomBytes } from 'node:crypto';
import { cpSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { InvalidInputError, type Template, listTemplates, openTemplate } from '../../src/index.ts';
import { VolumeStore } from '../../src/machines/index.ts';
import type { TestMachine } from '../../src/testing/index.ts';
import { removeUnused, templateName, templateOf } from '../../src/testing/guests/shared-templates.ts';
import { expect, machines } from '../../src/testing/vitest.ts';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';
import { TemplateShelf } from '../../src/template/template-shelf.ts';
import { Scope } from '../../src/util/scope.ts';
import { whyNoShares } from '../e2e/virtiofsd.ts';

const WEB = {
  run: 'mkdir -p /www; echo hello > /www/index.html; httpd -h /www',
  ports: ['80', '81'],
  networks: ['lan'],
  volumes: [`./fixtures:/fixtures:${whyNoShares === undefined ? 'ro' : 'copy'}`],
  mounts: ['type=tmpfs,dst=/scratch'],
} as const;

/** No other run on this host has this volume. */
const VOLUME = `fixture-${randomBytes(4).toString('hex')}`;

let preparations = 0;

const test = machines({
  web: WEB,
  warm: {
    prepare: async (vm) => {
      preparations++;
      await vm.writeFile('/srv/prepared', 'by a function');
    },
    networks: ['lan'],
  },
  writer: { ...WEB, volumes: [`${VOLUME}:/v:size=16M`] },
  reader: { ...WEB, volumes: [`${VOLUME}:/v:ro`] },
});

async function messageOf(failing: Promise<unknown>): Promise<string> {
  return failing.then(
    () => 'it did not fail',
    (error: unknown) => (error as Error).message,
  );
}

describe('a test with guests as fixtures', () => {
  const names: string[] = [];

  test('gets a warmed-up guest with its name', async ({ web }) => {
    expect(await (await fetch(web.url(80))).text()).toBe('hello\n');
    expect((await web.sh`hostname`).stdout).toBe('web');
    await web.sh`touch /left-by-the-first-test`;
    names.push(String(web.machine.pid));
  });

  test('has directories of the host', async ({ web }) => {
    expect((await web.sh`ls /fixtures; grep -c ' /scratch tmpfs ' /proc/mounts`).stdout).toMatch(
      /^agent\n[^]*\n1$/,
    );
  });

  test('gets a different guest in each test', async ({ web }) => {
    await expect(web.exec(['test', '-e', '/left-by-the-first-test'])).not.toSucceed();
    expect(names).not.toContain(String(web.machine.pid));
  });

  test('gets several guests with a network, and what prepare did', async ({ web, warm, lan }) => {
    expect(await warm.readFile('/srv/prepared', 'utf8')).toBe('by a function');
    expect((await warm.sh`wget -q -O - http://web/`).stdout).toBe('hello');
    expect(lan.members.map(({ name }) => name).sort()).toEqual([warm.name, web.name]);
    lan.partition(['web'], ['warm']);
    await expect(warm.exec(['timeout', '1', 'wget', '-q', '-O', '-', 'http://web/'])).not.toSucceed();
    lan.heal();
    await warm.waitFor.command('timeout 1 wget -q -O - http://web/', { stdout: 'hello' });
  });
});

describe('a volume of fixtures', () => {
  afterAll(async () => new VolumeStore().remove(VOLUME));

  test('is written by a guest that is paused at the end of its test', async ({ writer }) => {
    await writer.sh`echo kept >/v/file`;
    await writer.pause();
  });

  test('has these files for a reader of the next test', async ({ reader }) => {
    expect(await reader.readFile('/v/file', 'utf8')).toBe('kept\n');
  });
});

describe('a later suite', () => {
  const extended = test.extend<{ prepared: string }>({
    prepared: async ({ warm }, use) => use(await warm.readFile('/srv/prepared', 'utf8')),
  });

  extended('forks what prepare did once for the file', ({ prepared }) => {
    expect(prepared).toBe('by a function');
    expect(preparations).toBe(1);
  });
});

describe('the matchers', () => {
  test('report what they found instead', async ({ web }) => {
    await expect(web).toListenOn(80);
    await expect(web).not.toListenOn(81);
    await expect(web).not.toListenOn(80, { protocol: 'udp' });
    await expect(web).toBeReachable(80);
    await expect(web).not.toBeReachable(81);
    await expect(web.url(80, '/absent')).toBeReachable();
    await expect(web.sh`true`).toSucceed();
    await expect(web.exec(['sh', '-c', 'exit 3'])).not.toSucceed();
    await expect(web.sh`exit 3`).not.toSucceed();
    expect(await messageOf(expect(web).toListenOn(81))).toMatch(
      /^expected web to listen on tcp port 81; the guest listens on .*:80\/tcp/,
    );
    expect(await messageOf(expect(web).not.toListenOn(80))).toBe('expected web not to listen on tcp port 80');
    expect(await messageOf(expect(web).toBeReachable(81))).toMatch(
      /^expected port 81 of web to be reachable from this host; (a connection to )?127.0.0.1:\d+/,
    );
    expect(await messageOf(expect(web.sh`echo why >&2; exit 3`).toSucceed())).toBe(
      'expected the command to succeed, but it exited with status 3; it printed:\nwhy',
    );
    expect(await messageOf(expect(web.sh`echo fine`).not.toSucceed())).toBe(
      'expected the command to fail, but it succeeded; it printed:\nfine',
    );
  });

  test('reject wrong arguments, and what cannot be checked', async ({ web }) => {
    await expect(expect('text' as unknown as TestMachine).toListenOn(80)).rejects.toThrow(InvalidInputError);
    await expect(expect(web).not.toHaveUnit('nginx')).rejects.toThrow(/has no systemctl/);
    await expect(expect(web).not.toBeReachable(443)).rejects.toThrow(/is not published/);
    await web.machine.kill();
    await expect(expect(web).not.toListenOn(80)).rejects.toThrow(/has ended/);
  });
});

/** Only their names and times matter here. No other template has these names: the shelf is the user’s own. */
function copyTemplate(
  { directory }: Template,
  kind: string,
  scope: Scope,
  name = `${kind}-${randomBytes(8).toString('hex')}`,
): string {
  const [copy, link] = [join(dirname(directory), `.copy-${name}`), join(dirname(directory), name)];
  for (const path of [copy, link]) scope.defer(() => rmSync(path, { recursive: true, force: true }));
  cpSync(directory, copy, { recursive: true });
  symlinkSync(copy, link);
  return name;
}

describe('templates that tests share', () => {
  const now = new Date();
  const aWeekAgo = new Date(now.getTime() - 7.1 * 24 * 60 * 60 * 1000);
  const setLastUse = (name: string, time: Date): void => utimesSync(openTemplate(name).directory, time, time);

  test('are removed after a week without use, and others stay', async () => {
    await using scope = new Scope();
    const template = await templateOf(WEB);
    const [unused, used, named] = [
      copyTemplate(template, 'test', scope),
      copyTemplate(template, 'test', scope),
      copyTemplate(template, 'kept', scope),
    ];
    for (const name of [unused, named]) setLastUse(name, aWeekAgo);
    await removeUnused(now);
    const names = listTemplates().map((one) => one.name);
    expect(names).not.toContain(unused);
    expect(names).toEqual(expect.arrayContaining([used, named]));
  });

  test('stay when another process is about to reuse them', async () => {
    await using scope = new Scope();
    const template = await templateOf(WEB);
    const locked = copyTemplate(template, 'test', scope);
    setLastUse(locked, aWeekAgo);
    await new TemplateShelf(ownLocations()).withName(locked, undefined, async () => removeUnused(now));
    expect(openTemplate(locked).name).toBe(template.name);
    const removing = removeUnused(now);
    setLastUse(locked, now);
    await removing;
    expect(openTemplate(locked).name).toBe(template.name);
  });

  test('count as used before they are looked for', async () => {
    await using scope = new Scope();
    const setup = { image: `/absent-${randomBytes(8).toString('hex')}.qcow2` };
    const name = copyTemplate(await templateOf(WEB), 'test', scope, templateName(setup));
    setLastUse(name, aWeekAgo);
    await expect(templateOf(setup)).rejects.toThrow(setup.image);
    expect(statSync(openTemplate(name).directory).mtimeMs).toBeGreaterThan(aWeekAgo.getTime() + 60_000);
  });
});

describe('invalid guests', () => {
  test('are rejected at once', () => {
    expect(() => machines({ lan: { networks: ['lan'] } })).toThrow(InvalidInputError);
  });
});
