import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startAgent, temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { type Copy, copyBack, copyIn } from '../../../../src/machine/share/copies.ts';
import { Scope } from '../../../../src/util/scope.ts';

async function startGuest() {
  const scope = new Scope();
  onTestFinished(async () => scope.close());
  const { guest } = await startAgent(agentProgram(), scope);
  const folder = temporaryFolder(scope);
  return { guest, folder };
}

/** Copies a directory with one file back to a path where a file is by now. */
async function copyBackTo(
  name: string,
): Promise<{ folder: string; source: string; copied: Promise<number> }> {
  const { guest, folder } = await startGuest();
  const target = join(folder, 'guest');
  mkdirSync(target);
  writeFileSync(join(target, 'built'), 'built\n');
  const source = join(folder, name);
  writeFileSync(source, 'a file\n');
  const ids: Copy['ids'] = { kind: 'squash', uid: 0, gid: 0 };
  const copy: Copy = { field: 'volumes[0]', source, target, readOnly: false, ids, ...OWN };
  return { folder, source, copied: copyBack(guest, [copy], undefined) };
}

const isRoot = process.getuid?.() === 0;
const OTHER_USER = { uid: 4321, gid: 1234 };
const OWN = { runsAs: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, changesUser: false };

it('keeps the files of the guest beside a file that has replaced their directory', async () => {
  const { source, copied } = await copyBackTo('app');
  await expect(copied).rejects.toMatchObject({
    code: 'VMLET_COPY_BACK',
    kept: [`${source}.guest`],
    hint: `a directory cannot replace a file: move ${source} away before the next run`,
  });
  expect(readFileSync(`${source}.guest/built`, 'utf8')).toBe('built\n');
});

it('says why nothing was copied back where no name beside it is possible', async () => {
  const name = 'n'.repeat(252);
  const { folder, source, copied } = await copyBackTo(name);
  await expect(copied).rejects.toThrow(`${source} is not a directory`);
  expect(readdirSync(folder).sort()).toEqual(['guest', name]);
});

it.each([
  ['the directory itself', 'app', '.'],
  ['a file', 'app/file', 'file'],
  ['a subdirectory', 'app/sub: ä', 'sub: ä'],
])('names %s if this user may not read it', async (_what, denied, inner) => {
  const { guest, folder } = await startGuest();
  const source = join(folder, 'app');
  mkdirSync(join(source, 'sub: ä'), { recursive: true });
  writeFileSync(join(source, 'file'), 'a file\n');
  // Root reads everything, but leaves a directory of another user to this one.
  if (isRoot) for (const path of ['.', 'file', 'sub: ä']) chownSync(join(source, path), OTHER_USER.uid, 0);
  chmodSync(join(source, inner), 0);
  onTestFinished(() => chmodSync(join(source, inner), 0o700));
  const owner = isRoot ? { runsAs: OTHER_USER, changesUser: true } : OWN;
  const ids: Copy['ids'] = { kind: 'squash', uid: 0, gid: 0 };
  const copy: Copy = { field: 'v', source, target: join(folder, 'guest'), readOnly: true, ids, ...owner };
  await expect(copyIn(guest, [copy], undefined)).rejects.toMatchObject({
    code: 'VMLET_PERMISSION',
    message: `permission denied: ${join(folder, denied)}`,
    hint: 'check the owner and the permissions of this path',
  });
});

it('names the directory that the guest cannot take', async () => {
  const { guest, folder } = await startGuest();
  const source = join(folder, 'app');
  mkdirSync(source);
  const target = join(folder, 'guest');
  writeFileSync(target, 'a file\n');
  const ids: Copy['ids'] = { kind: 'squash', uid: 0, gid: 0 };
  const copy: Copy = { field: 'v', source, target, readOnly: true, ids, ...OWN };
  await expect(copyIn(guest, [copy], undefined)).rejects.toMatchObject({
    code: 'VMLET_COPY_IN',
    source,
    message: `cannot copy ${source} into the guest: unpacking in ${target} failed in the guest with status 1: ${target} is not a directory`,
  });
});
