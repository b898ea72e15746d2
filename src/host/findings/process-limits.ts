import { readFileSync } from 'node:fs';
import { readProcess } from '../../process/procfs/stat.ts';

/** What the host lets this process and its children have at most: the hard limits. Infinity where there is none. */
export interface ProcessLimits {
  readonly openFiles: number;
  /** Processes and threads of this user, which root is not held to. */
  readonly processes: number;
  readonly longestFile: number;
  readonly longestCore: number;
  /** The limit of dumps may be raised above the hard one. */
  readonly mayRaise: boolean;
  /** Dumps go to a program or a socket, which the kernel gives them even with a limit of 0. */
  readonly handsDumpsOn: boolean;
}

export function readProcessLimits(): ProcessLimits {
  return processLimitsOf({
    limits: readFileSync('/proc/self/limits', 'utf8'),
    status: readFileSync('/proc/self/status', 'utf8'),
    // Containers may hide it.
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

/** passt keeps 64 connections ready beside its ports, and ends where it cannot. */
const OPEN_FILES_FOR_PASST = 128;
const OPEN_FILES_FOR_QEMU = 32;
/** Node, QEMU, passt and the programs that build an image have some ten threads each. */
const PROCESSES_FOR_A_GUEST = 64;
/** The kernel of the micro image, and a guest's memory in a file. */
const LONGEST_FILE_BYTES = 256 * 1024 * 1024;

export interface LowLimit {
  /** No guest can run. */
  readonly isFatal: boolean;
  readonly summary: string;
  readonly remedy: string;
}

/** Which of the limits are too low for guests; pure. */
export function lowLimitsOf(limits: ProcessLimits): LowLimit[] {
  const { openFiles, processes, longestFile, longestCore, mayRaise, handsDumpsOn } = limits;
  return [
    openFiles < OPEN_FILES_FOR_PASST && {
      isFatal: openFiles < OPEN_FILES_FOR_QEMU,
      summary:
        openFiles < OPEN_FILES_FOR_QEMU
          ? `at most ${openFiles} open files: QEMU does not start with so few`
          : `at most ${openFiles} open files: --net none and slirp run with that, passt may not`,
      remedy: raise('ulimit -Hn', OPEN_FILES_FOR_PASST),
    },
    processes < PROCESSES_FOR_A_GUEST && {
      isFatal: false,
      summary: `at most ${processes} processes and threads of this user`,
      remedy: raise('ulimit -Hu', PROCESSES_FOR_A_GUEST),
    },
    longestFile < LONGEST_FILE_BYTES && {
      isFatal: false,
      summary: `no file longer than ${longestFile} bytes: images and disks are`,
      remedy: raise('ulimit -Hf', LONGEST_FILE_BYTES / 1024),
    },
    longestCore === 0 &&
      handsDumpsOn &&
      !mayRaise && {
        isFatal: false,
        summary:
          'a hard core limit of 0, with which the kernel still starts the host’s handler of dumps: of a QEMU that ' +
          'crashes it gets the registers, and no memory',
        remedy: 'a hard core limit of 1 byte or more (prlimit --core=1) lets vmlet prevent that',
      },
  ].filter((low) => low !== false);
}

function raise(command: string, least: number): string {
  return `it takes ${least} (${command}); limits.conf(5), a unit’s Limit… lines and containers set it`;
}
