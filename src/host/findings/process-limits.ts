import { readFileSync } from 'node:fs';
import { readProcess } from '../../process/procfs/stat.ts';

/** Hard limits of this process and its children. Infinity when unlimited. */
export interface ProcessLimits {
  readonly openFiles: number;
  /** Processes and threads of this user; does not apply to root. */
  readonly processes: number;
  readonly longestFile: number;
  readonly longestCore: number;
  /** True when the process may raise the core limit above the hard one. */
  readonly mayRaise: boolean;
  /** True when core dumps go to a program or a socket: the kernel does this even with a limit of 0. */
  readonly handsDumpsOn: boolean;
}

export function readProcessLimits(): ProcessLimits {
  return processLimitsOf({
    limits: readFileSync('/proc/self/limits', 'utf8'),
    status: readFileSync('/proc/self/status', 'utf8'),
    // Containers may hide this file.
    corePattern: readProcess('/proc/sys/kernel/core_pattern') ?? '',
  });
}

const CAP_SYS_RESOURCE = 24n;

/** Source: proc_pid_limits(5), proc_pid_status(5), core(5). */
export function processLimitsOf(texts: {
  readonly limits: string;
  readonly status: string;
  readonly corePattern: string;
}): ProcessLimits {
  const hard = (name: string): number => {
    const value = new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(texts.limits)?.[1];
    return value === undefined || value === 'unlimited' ? Infinity : Number(value);
  };
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(texts.status)?.[1] ?? '0'}`);
  const isRoot = /^Uid:\s*\d+\s+0\s/m.test(texts.status);
  return {
    openFiles: hard('Max open files'),
    processes: isRoot ? Infinity : hard('Max processes'),
    longestFile: hard('Max file size'),
    longestCore: hard('Max core file size'),
    mayRaise: ((capabilities >> CAP_SYS_RESOURCE) & 1n) === 1n,
    handsDumpsOn: /^[|@]/.test(texts.corePattern),
  };
}

/** passt reserves 64 connections beside its ports, and exits when it cannot. */
const OPEN_FILES_FOR_PASST = 128;
const OPEN_FILES_FOR_QEMU = 32;
/** Node, QEMU, passt and the programs that build an image have about ten threads each. */
const PROCESSES_FOR_A_GUEST = 64;
/** Size of the micro image's kernel, and of a guest's memory in a file. */
const LONGEST_FILE_BYTES = 256 * 1024 * 1024;

export interface LowLimit {
  /** True when no guest can run. */
  readonly isFatal: boolean;
  readonly summary: string;
  readonly remedy: string;
}

/** Returns the limits that are too low for guests; pure. */
export function lowLimitsOf(limits: ProcessLimits): LowLimit[] {
  const { openFiles, processes, longestFile, longestCore, mayRaise, handsDumpsOn } = limits;
  return [
    openFiles < OPEN_FILES_FOR_PASST && {
      isFatal: openFiles < OPEN_FILES_FOR_QEMU,
      summary:
        openFiles < OPEN_FILES_FOR_QEMU
          ? `the limit of ${openFiles} open files is too low for QEMU`
          : `the limit of ${openFiles} open files is enough for --net none and slirp, but too low for passt`,
      remedy: raise('ulimit -Hn', OPEN_FILES_FOR_PASST),
    },
    processes < PROCESSES_FOR_A_GUEST && {
      isFatal: false,
      summary: `the limit of ${processes} processes and threads of this user is too low for guests`,
      remedy: raise('ulimit -Hu', PROCESSES_FOR_A_GUEST),
    },
    longestFile < LONGEST_FILE_BYTES && {
      isFatal: false,
      summary: `the file size limit of ${longestFile} bytes is too low for images and disks`,
      remedy: raise('ulimit -Hf', LONGEST_FILE_BYTES / 1024),
    },
    longestCore === 0 &&
      handsDumpsOn &&
      !mayRaise && {
        isFatal: false,
        summary:
          'the hard core limit is 0: if QEMU crashes, the kernel starts the core dump handler of this host, and vmlet ' +
          'cannot prevent it; the handler gets QEMU’s registers, but no memory',
        remedy: 'raise the hard core limit of this shell to 1 byte: sudo prlimit --core=1 --pid $$',
      },
  ].filter((low) => low !== false);
}

function raise(command: string, least: number): string {
  return `raise the hard limit (${command}) to at least ${least}: in limits.conf(5), in the systemd unit (Limit…=), or in the settings of the container`;
}
