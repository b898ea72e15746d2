import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, NetworkNotFoundError } from '../../errors/index.ts';
import { lockDescriptor } from '../../process/lock/descriptor-lock.ts';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeFile, removeTree } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { leavePartitions } from './groups.ts';
import { checkNetworkName } from './network-name.ts';
import { type NetworkRecord, formatNetworkRecord, parseNetworkRecord } from './network-record.ts';

/** Paths of one network. The switch sees only its own directory. */
export interface NetworkFiles {
  readonly directory: string;
  readonly record: string;
  /** Members that are throw-away machines, a file each. */
  readonly guests: string;
  /** Directory of the switch. */
  readonly switch: string;
  /** Members and partitions, for the switch. */
  readonly table: string;
  readonly socket: string;
  readonly log: string;
}

export function networkFiles(shelf: string, name: string): NetworkFiles {
  const directory = join(shelf, name);
  const inside = join(directory, 'switch');
  return {
    directory,
    record: join(directory, 'network.json'),
    guests: join(directory, 'guests'),
    switch: inside,
    table: join(inside, 'table'),
    socket: join(inside, 'switch.sock'),
    log: join(inside, 'switch.log'),
  };
}

/** Returns the names of all networks, sorted. A directory without a record is a creation that was interrupted. */
export function networkNames(shelf: string): string[] {
  const entries = unlessMissing(() => readdirSync(shelf, { withFileTypes: true }), ['ENOENT']) ?? [];
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .filter((entry) => existsSync(networkFiles(shelf, entry.name).record))
    .map(({ name }) => name)
    .sort();
}

/** @throws NetworkNotFoundError, or InvalidInputError for an invalid name or record. */
export function readNetwork(shelf: string, name: string): NetworkRecord {
  checkNetworkName(name);
  const { record: path } = networkFiles(shelf, name);
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  if (text === undefined) throw new NetworkNotFoundError(name);
  return { ...parseNetworkRecord(text, path), name };
}

/** Returns the networks whose records are valid. */
export function readSoundNetworks(shelf: string): NetworkRecord[] {
  return networkNames(shelf).flatMap((name) => {
    try {
      return [readNetwork(shelf, name)];
    } catch (error) {
      if (error instanceof InvalidInputError) return [];
      throw error;
    }
  });
}

/** Writes a network's record; the caller holds the lock. @throws InvalidInputError for a path that is too long. */
export function writeNetwork(shelf: string, record: NetworkRecord): void {
  const files = networkFiles(shelf, record.name);
  const length = Buffer.byteLength(files.socket);
  if (length > LONGEST_SOCKET_PATH) {
    throw new InvalidInputError(
      'name',
      `${files.socket} is too long for a socket: ${length} bytes (limit: ${LONGEST_SOCKET_PATH})`,
      {
        hint: 'choose a shorter name for the network, or set XDG_DATA_HOME to a shorter path; vmlet then no longer finds your existing images and machines',
      },
    );
  }
  for (const directory of [files.directory, files.switch]) {
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  }
  replaceFile(files.record, formatNetworkRecord(record));
}

/** Changes the partitions of networks that have not been removed; the caller holds the lock. @throws InvalidInputError */
export function changePartitions(
  shelf: string,
  networks: readonly string[],
  change: (partitions: NetworkRecord['partitions']) => NetworkRecord['partitions'],
): void {
  for (const name of networkNames(shelf).filter((one) => networks.includes(one))) {
    const record = readNetwork(shelf, name);
    if (record.partitions.length > 0)
      writeNetwork(shelf, { ...record, partitions: change(record.partitions) });
  }
}

/** Forgets a member that has left these networks. The caller holds the lock. */
export function forgetInPartitions(shelf: string, networks: readonly string[], member: string): void {
  changePartitions(shelf, networks, (partitions) => leavePartitions(partitions, member));
}

/** The record goes first: an interrupted removal leaves no network. The caller holds the lock. */
export function removeNetworkFiles(shelf: string, name: string): void {
  const files = networkFiles(shelf, name);
  removeFile(files.record);
  removeTree(files.directory);
  syncDirectory(shelf);
}

/** Holds the lock of all networks while `work` runs: subnets and members' addresses are chosen under it. */
export async function withNetworksLock<T>(
  shelf: string,
  { signal }: Pick<Limits, 'signal'>,
  work: () => T | Promise<T>,
): Promise<T> {
  makeDirectories(shelf);
  const handle = await open(join(shelf, '.lock'), 'a', 0o600);
  try {
    await lockDescriptor(handle.fd, { signal });
    return await work();
  } finally {
    await handle.close();
  }
}
