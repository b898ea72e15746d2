import { constants, accessSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  InvalidInputError,
  MissingProgramError,
  PermissionError,
  isSystemError,
} from '../../errors/index.ts';
import { findProgram } from '../../process/program.ts';
import { run } from '../../process/run.ts';
import { bridgeVerdict, parseBridgeConf } from './bridge-conf.ts';

/** A host bridge that the user is permitted to attach guests to. */
export interface BridgeNetwork {
  readonly bridge: string;
  /** Path of qemu-bridge-helper. */
  readonly helper: string;
  /** In bytes. */
  readonly mtu: number;
}

/** Paths that bridges depend on. */
export interface BridgePlaces {
  /** The network interfaces: /sys/class/net. */
  readonly interfaces: string;
  /** Possible paths of qemu-bridge-helper, each with the configuration file that it was built to read. */
  readonly helpers: readonly { readonly path: string; readonly configuration: string }[];
  /** The device that creates tap devices: /dev/net/tun. */
  readonly tun: string;
  /** /proc/self/status. */
  readonly status: string;
  readonly uid: number;
}

const CONFIGURATION = '/etc/qemu/bridge.conf';

function placesOfHost(): BridgePlaces {
  const folders = [
    '/run/wrappers/bin', // NixOS
    '/usr/lib/qemu', // Debian, Ubuntu, Arch
    '/usr/libexec', // Fedora, SUSE
    '/usr/libexec/qemu',
    '/usr/lib/x86_64-linux-gnu/qemu',
  ];
  return {
    interfaces: '/sys/class/net',
    helpers: [
      ...folders.map((folder) => ({
        path: join(folder, 'qemu-bridge-helper'),
        configuration: CONFIGURATION,
      })),
      {
        path: '/usr/local/libexec/qemu-bridge-helper',
        configuration: '/usr/local/etc/qemu/bridge.conf',
      },
    ],
    tun: '/dev/net/tun',
    status: '/proc/self/status',
    uid: process.getuid?.() ?? 0,
  };
}

/**
 * Checks all requirements of attaching a guest to a bridge, so that problems are reported before a machine
 * starts.
 * @throws InvalidInputError when there is no such bridge, or bridge.conf is invalid; MissingProgramError
 * without qemu-bridge-helper; PermissionError, with the required change, when it is not set up for this user
 * and bridge.
 */
export async function findBridge(
  bridge: string,
  places: BridgePlaces = placesOfHost(),
): Promise<BridgeNetwork> {
  requireBridge(bridge, places);
  const helper = places.helpers.find(({ path }) => existsSync(path));
  if (!helper) {
    throw new MissingProgramError('qemu-bridge-helper', {
      hint: `on Debian or Ubuntu, run: sudo apt-get install qemu-system-common; on Fedora: sudo dnf install qemu-common; vmlet looks for qemu-bridge-helper only at: ${places.helpers.map(({ path }) => path).join(', ')}`,
    });
  }
  requireRule(bridge, helper.configuration);
  requireTun(places.tun);
  // The helper needs the privilege to change the network, which root has.
  if (places.uid !== 0) await requirePrivileges(bridge, helper.path, places.status);
  return {
    bridge,
    helper: helper.path,
    mtu: Number(readFileSync(join(places.interfaces, bridge, 'mtu'), 'utf8')),
  };
}

/**
 * Returns the MTU of a card on a bridge.
 * @param wanted the bridge's own by default.
 * @throws InvalidInputError when it is larger than the bridge's, which drops such packets.
 */
export function mtuOnBridge({ bridge, mtu }: BridgeNetwork, wanted = mtu): number {
  if (wanted <= mtu) return wanted;
  throw new InvalidInputError('net', `bridge "${bridge}" has MTU ${mtu}, which is less than ${wanted}`, {
    hint: `leave out :mtu=${wanted}; or, as root, run: ip link set ${bridge} mtu ${wanted}`,
  });
}

/** Returns QEMU's `-netdev` JSON for a bridge: a tap device inherited as a descriptor. */
export function tapNetdev(id: string, descriptor: number): object {
  return { type: 'tap', id, fd: String(descriptor) };
}

/**
 * Returns a command line that creates the tap device and becomes `argv`, which inherits it. It must come
 * before anything that drops privileges (vmlet-confine), because the helper has to gain one.
 * @param keeper path of vmlet-keeper.
 */
export function withTap(
  keeper: string,
  { helper, bridge }: Pick<BridgeNetwork, 'helper' | 'bridge'>,
  descriptor: number,
  argv: readonly [string, ...string[]],
): [string, ...string[]] {
  return [keeper, 'tap', helper, bridge, String(descriptor), '--', ...argv];
}

function requireBridge(bridge: string, { interfaces }: BridgePlaces): void {
  // The kernel's own rule for names (dev_valid_name).
  if (!/^[^\s/:]{1,15}$/.test(bridge) || bridge === '.' || bridge === '..') {
    throw new InvalidInputError('net', `invalid bridge name ${JSON.stringify(bridge)}`, {
      hint: 'use at most 15 characters, without spaces, slashes or colons',
    });
  }
  if (existsSync(join(interfaces, bridge, 'bridge'))) return;
  const isInterface = existsSync(join(interfaces, bridge));
  throw new InvalidInputError(
    'net',
    isInterface ? `the network interface ${bridge} is not a bridge` : `no such bridge: ${bridge}`,
    {
      hint: `to list bridges, run: ip link show type bridge; to create a bridge, run as root: ip link add ${isInterface ? 'br0' : bridge} type bridge`,
    },
  );
}

function requireRule(bridge: string, configuration: string): void {
  const line = `allow ${bridge}`;
  let text: string;
  try {
    text = readFileSync(configuration, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new PermissionError(
        `${configuration} must allow bridge "${bridge}", but the file does not exist`,
        {
          hint: `as root, create this file with the line "${line}", and make it readable by all users`,
          cause: error,
        },
      );
    }
    if (!isSystemError(error, 'EACCES')) throw error;
    throw new PermissionError(`permission denied: ${configuration}`, {
      hint: `run as root: chmod a+r ${configuration}`,
      cause: error,
    });
  }
  const { allowed, deniedBy } = bridgeVerdict(parseBridgeConf(configuration, text, readIfPossible), bridge);
  if (allowed) return;
  if (deniedBy) {
    throw new PermissionError(`${configuration} denies bridge "${bridge}"`, {
      hint: `as root, remove the line "deny ${deniedBy.bridge}" from this file, or from a file that it includes`,
    });
  }
  throw new PermissionError(`${configuration} does not allow bridge "${bridge}"`, {
    hint: `as root, add this line to ${configuration}: ${line}`,
  });
}

/** The helper opens it as the user. */
function requireTun(tun: string): void {
  try {
    accessSync(tun, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new PermissionError(`no such device: ${tun}`, {
        hint: `run as root: modprobe tun; in a container, start the container with --device ${tun}`,
        cause: error,
      });
    }
    throw new PermissionError(`permission denied: ${tun}`, {
      hint: `run as root: chmod 0666 ${tun}`,
      cause: error,
    });
  }
}

async function requirePrivileges(bridge: string, helper: string, statusPath: string): Promise<void> {
  const { mode, uid, gid } = statSync(helper);
  try {
    accessSync(helper, constants.X_OK);
  } catch (error) {
    throw new PermissionError(`permission denied: ${helper}`, {
      hint: `join the group with the ID ${gid}, or run as root: chmod a+x ${helper}`,
      cause: error,
    });
  }
  const isSetuidRoot = uid === 0 && (mode & 0o4000) !== 0;
  if (!isSetuidRoot && !(await hasNetworkCapability(helper))) {
    throw new PermissionError(
      `${helper} is not setuid root, so only root can attach a guest to bridge "${bridge}"`,
      {
        hint: `run as root: chmod u+s ${helper}; on Debian and Ubuntu, to keep this mode across upgrades of QEMU, run: dpkg-statoverride --update --add root root 4755 ${helper}`,
      },
    );
  }
  if (/^NoNewPrivs:\s*1$/m.test(readFileSync(statusPath, 'utf8'))) {
    throw new PermissionError(
      `${helper} needs setuid privileges, which this process cannot gain (no_new_privs is set)`,
      {
        hint: 'start vmlet outside of the container or sandbox that sets no_new_privs',
      },
    );
  }
}

/** The alternative to setuid root: setcap cap_net_admin+ep. */
async function hasNetworkCapability(helper: string): Promise<boolean> {
  if (findProgram('getcap') === undefined) return false;
  const { stdout } = await run(['getcap', helper]);
  return /\bcap_net_admin\b[^ ]*[=+][a-z]*e/.test(stdout.toString('utf8'));
}

function readIfPossible(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
