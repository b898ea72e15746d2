import { numbersOf } from './guest-owner.ts';
import type { Share, ShareIds } from './share.ts';

/** The first descriptor after the standard ones: the listening socket. */
const SOCKET_DESCRIPTOR = 3;
/** All numbers, from 0. */
const ALL_IDS = 2 ** 32 - 1;

/** Capabilities that virtiofsd asks for when root runs it, except dac_override. */
const ASKED = ['chown', 'fowner', 'fsetid', 'mknod', 'setfcap', 'setgid', 'setuid'];

/** A user and a group of the host. */
export interface HostIds {
  readonly uid: number;
  readonly gid: number;
}

/** Options of virtiofsd that not every release has. */
export interface VirtiofsdOptions {
  /** --translate-uid and --translate-gid. */
  readonly translatesIds: boolean;
  /** --inode-file-handles. */
  readonly usesFileHandles: boolean;
  /** --migration-on-error. */
  readonly survivesMissingFiles: boolean;
  /** --no-announce-submounts. */
  readonly announcesMounts: boolean;
}

/**
 * Returns virtiofsd's arguments for one share. It has no sandbox of its own: vmlet-confine gives it one that
 * needs no root, and that can have Landlock.
 * @param ids the user who runs it.
 * @throws TypeError for an owner that is a name.
 */
export function virtiofsdArguments(
  { source, readOnly, cache, ids: owners }: Omit<Share, 'field' | 'target'>,
  ids: HostIds,
  { translatesIds, usesFileHandles, survivesMissingFiles }: VirtiofsdOptions,
): string[] {
  const guestIds = numbersOf({ ids: owners });
  return [
    `--fd=${SOCKET_DESCRIPTOR}`,
    `--shared-dir=${source}`,
    `--cache=${cache}`,
    ...['--sandbox=none', '--rlimit-nofile=0'],
    // Handles need dac_read_search, and a system call that seccomp denies; 1.14 uses them by default.
    ...(usesFileHandles ? ['--inode-file-handles=never'] : []),
    ...(readOnly ? ['--readonly'] : []),
    ...(ids.uid === 0 ? [capabilitiesOption(guestIds)] : []),
    ...(guestIds.kind === 'squash' && translatesIds
      ? [
          ...translation('--translate-uid', ids.uid, guestIds.uid),
          ...translation('--translate-gid', ids.gid, guestIds.gid),
        ]
      : []),
    // Otherwise a saved machine cannot be restored when one file that it knew is gone.
    ...(survivesMissingFiles ? ['--migration-on-error=guest-error'] : []),
  ];
}

/**
 * Returns the capabilities that root's virtiofsd needs: to change files of every owner, and with the host's ids
 * to create them. It creates no setuid files, file capabilities or devices.
 */
export function neededCapabilities({ kind }: ShareIds): string[] {
  return ['fowner', ...(kind === 'host' ? ['chown', 'setgid', 'setuid'] : [])];
}

/** It does not start if it lacks a capability that it requests. */
function capabilitiesOption(guestIds: ShareIds): string {
  const needed = neededCapabilities(guestIds);
  const removed = ASKED.filter((name) => !needed.includes(name)).map((name) => `-${name}`);
  return `--modcaps=${removed.join(':')}`;
}

/** Every guest user is the host's; the host's user is one of the guest's. */
function translation(option: string, host: number, guest: number): string[] {
  return [`${option}=squash-guest:0:${host}:${ALL_IDS}`, `${option}=host:${host}:${guest}:1`];
}
