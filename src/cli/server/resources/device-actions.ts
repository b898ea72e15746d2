import * as z from 'zod';
import { type Actions, action, option, timeout } from './action.ts';

const name = z.string();
const flag = z.boolean().optional();
const timeoutMs = z.number().int().positive().optional();
/** The `id` of a listed disk: then the disk must still be the same. */
const id = z.string().optional();
const drive = z.string().optional();

/** Changes of disks, CD drives and directories, by their paths below the machine. */
export const DEVICE_ACTIONS: Actions = {
  'disks/add': action(
    'Add a disk, as vmlet disk add does',
    z.strictObject({ disk: z.string() }),
    (machine, { disk }) => ['disk', 'add', machine, disk],
    async ({ store, name: machine, body: { disk }, signal }) => ({
      disk: await store.get(machine).addDisk(disk, { signal }),
    }),
  ),
  'disks/resize': action(
    'Resize a disk',
    z.strictObject({ name, id, size: z.string(), shrink: flag }),
    (machine, { name: disk, size, shrink }) => [
      ...['disk', 'resize', ...option('--shrink', shrink)],
      ...[machine, disk, size],
    ],
    async ({ store, name: machine, body: { name: disk, size, ...options }, signal }) => ({
      bytes: await store.get(machine).resizeDisk(disk, size, { ...options, signal }),
    }),
  ),
  'disks/remove': action(
    'Remove a disk',
    z.strictObject({ name, id, storage: flag, timeoutMs }),
    (machine, { name: disk, storage, timeoutMs: limit }) => [
      ...['disk', 'rm', ...option('--storage', storage), ...timeout(limit)],
      ...[machine, disk],
    ],
    async ({ store, name: machine, body: { name: disk, ...options }, signal }) => ({
      keptDisks: await store.get(machine).removeDisk(disk, { ...options, signal }),
    }),
  ),
  'drives/insert': action(
    'Insert a CD',
    z.strictObject({ path: z.string(), drive, force: flag, timeoutMs }),
    (machine, { path, drive: wanted, force, timeoutMs: limit }) => [
      ...['cd', 'insert', ...option('--force', force), ...timeout(limit)],
      ...[machine, path, ...given(wanted)],
    ],
    async ({ store, name: machine, body: { path, timeoutMs: limit, ...options }, signal }) => ({
      ...(await store.get(machine).changeCd(path, { ...options, timeoutMs: limit, signal })),
    }),
  ),
  'drives/eject': action(
    'Eject a CD',
    z.strictObject({ drive, force: flag, timeoutMs }),
    (machine, { drive: wanted, force, timeoutMs: limit }) => [
      ...['cd', 'eject', ...option('--force', force), ...timeout(limit)],
      ...[machine, ...given(wanted)],
    ],
    async ({ store, name: machine, body: { timeoutMs: limit, ...options }, signal }) => ({
      ...(await store.get(machine).changeCd(undefined, { ...options, timeoutMs: limit, signal })),
    }),
  ),
  'drives/add': action(
    'Add a CD drive',
    z.strictObject({ path: z.string().optional() }),
    (machine, { path }) => ['cd', 'add', machine, ...given(path)],
    async ({ store, name: machine, body: { path } }) => ({
      ...(await store.get(machine).addCdDrive(path)),
    }),
  ),
  'drives/remove': action(
    'Remove a CD drive',
    z.strictObject({ drive }),
    (machine, { drive: wanted }) => ['cd', 'rm', machine, ...given(wanted)],
    async ({ store, name: machine, body }) => ({
      ...(await store.get(machine).removeCdDrive(body.drive)),
    }),
  ),
  'shares/add': action(
    'Share a directory or mount a volume, as vmlet share add does',
    z.strictObject({ share: z.string() }),
    (machine, { share }) => ['share', 'add', machine, share],
    async ({ store, name: machine, body: { share }, signal }) => ({
      ...(await store.get(machine).addShare(share, { signal })),
    }),
  ),
  'shares/remove': action(
    'Remove a directory, volume or file system in memory from a machine',
    z.strictObject({ path: z.string(), timeoutMs }),
    (machine, { path, timeoutMs: limit }) => ['share', 'rm', ...timeout(limit), machine, path],
    async ({ store, name: machine, body: { path, timeoutMs: limit }, signal }) => ({
      ...(await store.get(machine).removeShare(path, { timeoutMs: limit, signal })),
    }),
  ),
};

function given(word: string | undefined): string[] {
  return word === undefined ? [] : [word];
}
