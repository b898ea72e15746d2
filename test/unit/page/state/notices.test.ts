import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type * as Notices from '../../../../page/state/notices.ts';
import type * as Places from '../../../../page/state/route.ts';

let state: typeof Notices;
let route: typeof Places.route;
let answers: (readonly [status: number, answer: object | Promise<object>])[];
let preferred: (string | null)[];

beforeAll(async () => {
  // The page's modules ask the browser for its address and storage when they are loaded.
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('fetch', async (_: string, { headers }: { headers: Headers }) => {
    preferred.push(headers.get('prefer'));
    const [status, answer] = answers.shift() ?? [200, {}];
    return new Response(JSON.stringify(await answer), { status });
  });
  vi.useFakeTimers();
  state = await import('../../../../page/state/notices.ts');
  ({ route } = await import('../../../../page/state/route.ts'));
});
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
beforeEach(() => {
  state.notices.set([]);
  route.set({ page: 'machines' });
  answers = [];
  preferred = [];
});

const shown = (): string[] => state.notices.value.map(({ title, state: now }) => `${title} ${now}`);

async function run(title: string, status: number, answer: object): Promise<void> {
  answers.push([status, answer]);
  await state.runAction({ path: `/v1/${title}`, title, command: `vmlet ${title}` });
}

const fail = async (title: string): Promise<void> =>
  run(title, 409, { error: { code: 'VMLET_MACHINE_STATE', message: 'no' } });

const succeed = async (title: string, result: object = {}): Promise<void> =>
  run(title, 200, { command: `vmlet ${title}`, operation: { id: title, state: 'done', result } });

test('an error goes with the place where it began, after it could be read', async () => {
  await fail('one');
  route.set({ page: 'images' });
  expect(shown()).toEqual(['one failed']);
  await fail('two');
  vi.advanceTimersByTime(60_000);
  route.set({ page: 'host' });
  expect(shown()).toEqual(['one failed']);
  route.set({ page: 'machines' });
  expect(shown()).toEqual(['one failed']);
  route.set({ page: 'host' });
  expect(shown()).toEqual([]);
});

test('errors and warnings are not pushed out by other actions', async () => {
  await fail('failed');
  await succeed('kept', { keptDisks: ['/disk'] });
  for (const title of ['a', 'b', 'c', 'd', 'e', 'f']) await succeed(title);
  expect(shown().slice(0, 3)).toEqual(['failed failed', 'kept done', 'd done']);
  expect(shown().length).toBe(5);
  vi.advanceTimersByTime(60_000);
  expect(shown()).toEqual(['failed failed', 'kept done']);
});

test('a new attempt with another value takes the place of an error that could be read', async () => {
  const addDisk = async (size: string): Promise<void> => {
    answers.push([400, { error: { code: 'VMLET_INVALID_INPUT', message: 'no' } }]);
    await state.runAction({ path: '/v1/machines/m/disks/add', title: `Add ${size}`, command: 'vmlet' });
  };
  await addDisk('5');
  await addDisk('6');
  expect(shown()).toEqual(['Add 5 failed', 'Add 6 failed']);
  vi.advanceTimersByTime(2001);
  await fail('other');
  await addDisk('7');
  expect(shown()).toEqual(['other failed', 'Add 7 failed']);
});

test('operations that run to their end are not offered to be cancelled', async () => {
  for (const kind of ['start', 'snapshots/remove', 'kill', 'drives/add'])
    await run(kind, 202, { command: kind, operation: { id: kind, kind, state: 'running' } });
  const offered = state.notices.value.filter(state.canCancel).map(({ title }) => title);
  expect(offered).toEqual(['start', 'snapshots/remove']);
});

test('a forgotten operation has an unknown outcome, others have their own', async () => {
  for (const title of ['forgotten', 'runs', 'ended'])
    await run(title, 202, { command: title, operation: { id: title, kind: 'start', state: 'running' } });
  const operations = [
    { id: 'runs', kind: 'start', state: 'running' },
    { id: 'ended', kind: 'start', state: 'done' },
  ];
  answers = [[503, { error: { code: 'VMLET_REQUEST_REFUSED', message: 'busy' } }]];
  await state.settleRunning();
  expect(shown()).toEqual(['forgotten running', 'runs running', 'ended running']);
  answers = [[200, { operations }]];
  await state.settleRunning();
  expect(shown()).toEqual(['forgotten unknown', 'runs running', 'ended done']);
});

test('a list of operations does not replace a newer report of one whose answer is still to come', async () => {
  await run('other', 202, { command: 'other', operation: { id: 'other', state: 'running' } });
  let answer: (body: object) => void = () => undefined;
  answers = [[202, new Promise<object>((resolve) => (answer = resolve))]];
  const asked = state.runAction({ path: '/v1/late', title: 'late', command: 'late' });
  const late = {
    id: 'late',
    kind: 'start',
    machine: 'm',
    command: '',
    startedAt: '',
    state: 'running',
  } as const;
  state.operationChanged({ ...late, state: 'done' });
  answers = [[200, { operations: [{ id: 'other', state: 'running' }, late] }]];
  await state.settleRunning();
  answer({ command: 'late', operation: late });
  await asked;
  expect(shown()).toEqual(['other running', 'late done']);
});

test('a refusal that its dialog shows has no notice, one after the dialog was closed has', async () => {
  const refuse = async (title: string, kind: string, isOpen: boolean): Promise<boolean> => {
    answers.push([409, { error: { code: 'VMLET_MACHINE_STATE', message: 'no' } }]);
    const path = `/v1/machines/m/${kind}`;
    return state.runAction({ path, title, command: title, refused: () => isOpen });
  };
  expect(await refuse('shown', 'rename', true)).toBe(false);
  expect(shown()).toEqual([]);
  expect(await refuse('closed', 'rename', false)).toBe(false);
  expect(shown()).toEqual(['closed failed']);
  await refuse('copies', 'clone', true);
  await fail('no dialog');
  expect(preferred).toEqual(['wait=3', 'wait=3', null, null]);
});
