import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCachedSurvey, writeCachedSurvey } from '../../../src/host/cache.ts';
import { surveyHost } from '../../../src/host/probe.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { templateFiles } from '../../../src/template/template-files.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../named/home.ts';

/**
 * vmlet’s behaviour with a QEMU that lacks features, on this host’s QEMU: it supports all older ways, and is treated as
 * without the newer ones.
 */

const PORT = 30_000 + (process.pid % 1000);
let home: Home;

beforeAll(async () => {
  home = await makeHome();
  const { cache } = locate(home.environment, home.path, process.getuid?.() ?? 0);
  // It may have surveys of other installations.
  rmSync(join(cache, 'host.json'), { force: true });
  const survey = await surveyHost({ cacheDirectory: cache });
  const [{ key }] = JSON.parse(readFileSync(join(cache, 'host.json'), 'utf8')) as [{ key: string }];
  const lacking = {
    hasReconnectMs: false,
    hasStreamReconnect: false,
    opensStateFiles: false,
    staysOnRestoreFailure: false,
  };
  const qemu = survey.qemu && { ...survey.qemu, ...lacking };
  writeCachedSurvey(cache, key, { ...survey, qemu });
  expect(readCachedSurvey(cache, key)?.qemu).toMatchObject(lacking);
});
afterAll(async () => home.close());

async function served(): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${PORT}/`, { signal: AbortSignal.timeout(20_000) });
    return (await answer.text()).trim();
  } catch (error) {
    return String(error);
  }
}

/** From the machine’s record: /proc shows nothing of passt, which changes its user. */
async function passtOf(name: string): Promise<number> {
  const { stdout } = await home.vmlet('inspect', name);
  return Number(/"passt": \{\s*"pid": (\d+)/.exec(stdout)?.[1]);
}

describe('a QEMU whose stream netdev cannot reconnect', () => {
  it('listens, and its machine gets a new passt after losing one', async () => {
    const created = await home.vmlet(
      ...['create', 'old', '--image', 'micro', '--net', 'passt', '-p', `${PORT}:80`, '--start'],
    );
    expect(created).toMatchObject({ status: 0, stderr: '' });
    const script = 'mkdir /w && echo served > /w/index.html && httpd -p 80 -h /w';
    expect(await home.vmlet('exec', 'old', '--', 'sh', '-c', script)).toMatchObject({ status: 0 });
    expect(await served()).toBe('served');
    const qemu = home.processes().find(({ commandLine }) => commandLine.includes('"type":"stream"'));
    expect(qemu?.commandLine).toContain('"server":true');

    const first = await passtOf('old');
    process.kill(first, 'SIGKILL');
    await until(async () => ![first, NaN].includes(await passtOf('old')));
    await until(async () => (await served()) === 'served');
    expect(await home.vmlet('stop', 'old')).toMatchObject({ status: 0 });
    expect(home.processes()).toEqual([]);
  });
});

describe('a QEMU that can open neither state files nor read-only memory files', () => {
  it('gives both to a fork, which does not change the template', async ({ skip }) => {
    const created = await home.vmlet(
      'template',
      'create',
      'old',
      '--memory',
      '96M',
      '--run',
      'echo kept > /root/it',
    );
    expect(created).toMatchObject({ status: 0 });
    const { stdout } = await home.vmlet('template', 'inspect', 'old');
    const { templates } = JSON.parse(stdout) as { templates: { directory: string }[] };
    const files = templateFiles(templates[0]!.directory);
    const record = JSON.parse(readFileSync(files.record, 'utf8')) as object;
    const lacking = { opensFiles: false, staysOnFailure: false, opensReadOnly: false };
    writeFileSync(files.record, JSON.stringify({ ...record, ...lacking }));
    const memory = readFileSync(files.memory);
    for (const text of ['one', 'two']) {
      const command = ['sh', '-c', `cat /root/it; echo ${text} > /root/it`];
      const ran = await home.vmlet('run', '--template', 'old', '--', ...command);
      // QEMU 11 can only open them by itself.
      if (/migration to a file is not supported\. Use file: instead/.test(ran.stderr))
        return skip('this QEMU takes no file that is open');
      expect(ran).toMatchObject({
        status: 0,
        stdout: 'kept\n',
        stderr: '',
      });
    }
    expect(readFileSync(files.memory).equals(memory)).toBe(true);
    const script = (await home.vmlet('run', '--template', 'old', '--dry-run')).stdout;
    expect(script).toContain(`exec 3< ${files.state}`);
    expect(script).toContain('"uri":"fd:3"');
  });
});
