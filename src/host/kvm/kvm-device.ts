import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';
import { userName } from '../../util/system/user-name.ts';
import { readCpuFlags } from './cpu-flags.ts';

export interface KvmProblem {
  readonly reason: string;
  readonly hint: string;
}

const DEVICE = '/dev/kvm';

/** Returns why this user cannot open /dev/kvm, with a hint; undefined when it opens. */
export function findKvmDeviceProblem(device = DEVICE): KvmProblem | undefined {
  try {
    closeSync(openSync(device, constants.O_RDWR));
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return { reason: `${device} does not exist`, hint: missingDeviceHint() };
    if (error.code === 'EACCES' || error.code === 'EPERM') return explainPermission(device);
    return {
      reason: `cannot open ${device} (${error.code ?? error.message})`,
      hint: 'look for the reason in the kernel log: sudo dmesg | grep -i kvm',
    };
  }
}

function missingDeviceHint(): string {
  const flags = readCpuFlags();
  const cpuModule = flags.has('vmx') ? 'kvm_intel' : flags.has('svm') ? 'kvm_amd' : undefined;
  if (cpuModule) {
    return `load the kernel module: sudo modprobe ${cpuModule}; in a container, pass the device: podman run --device /dev/kvm`;
  }
  return (
    'this processor reports no virtualization support: enable VT-x or AMD-V in the firmware setup; ' +
    'if this host is a virtual machine, enable nested virtualization on its host'
  );
}

function explainPermission(device: string): KvmProblem {
  const { mode, gid } = statSync(device);
  const username = userName();
  const reason = `user ${username} has no permission to open ${device}`;
  const group = findGroup(gid);
  const groupMayUseIt = (mode & 0o060) === 0o060 && gid !== 0;
  if (groupMayUseIt && group?.members.includes(username)) {
    return {
      reason,
      hint: `log out and in again: this session began before you joined the group ${group.name}`,
    };
  }
  if (groupMayUseIt && group) {
    return { reason, hint: `run: sudo usermod -aG ${group.name} ${username}, then log out and in again` };
  }
  return {
    reason,
    hint:
      `run: sudo setfacl -m u:${username}:rw ${device} (lasts until the next boot); ` +
      'for a permanent solution, add a udev rule that gives the device to one of your groups',
  };
}

function findGroup(gid: number): { name: string; members: string[] } | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , id, members] = line.split(':');
    if (name !== undefined && Number(id) === gid) return { name, members: (members ?? '').split(',') };
  }
  return undefined;
}
