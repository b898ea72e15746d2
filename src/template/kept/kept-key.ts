import { sha256 } from '../../images/digest/sha256.ts';
import { digestOfAgent } from '../../images/record/agent-file.ts';
import { agentProgram, packageVersion } from '../../machine/paths/package-files.ts';
import { withoutHostSystem } from '../../machine/survey/boot-source.ts';
import type { Findings } from '../../machine/survey/survey.ts';

const KEY_DIGITS = 32;

/** The release of vmlet that boots a guest. Builds of one version may have different agents. */
export interface Release {
  readonly version: string;
  /** Digest of the guest agent. */
  readonly agent: string;
}

export async function ownRelease(): Promise<Release> {
  return { version: packageVersion(), agent: await digestOfAgent(agentProgram()) };
}

/**
 * Digest of everything that decides what a booted guest is. Name, ports, sockets, MAC address, mounts and limits are left
 * out: each fork has its own.
 * Images count by their paths in the store, which contain their digests. Other files count by their path; the
 * template's basis notices when they change.
 * @param networkCards number of its spare network cards.
 */
export function keptKey(findings: Findings, release: Release, networkCards = 0): string {
  const { spec, accelerator, network, firmware, hasSeed, host } = findings;
  const { firmware: _firmware, boot: _boot, disks: _disks, networks: _networks, ...rest } = spec;
  const {
    name: _name,
    ports: _ports,
    sockets: _sockets,
    mac: _mac,
    limits: _limits,
    pull: _pull,
    timeoutMs: _timeoutMs,
    shares: _shares,
    copies: _copies,
    volumes: _volumes,
    tmpfs: _tmpfs,
    directory: _directory,
    ...described
  } = rest;
  const { net: _net, accel: _accel, ...guest } = described;
  const parts = [
    guest,
    withoutHostSystem(findings.source),
    accelerator.kind,
    network && (network.backend === 'slirp' ? 'slirp' : 'passt'),
    firmware,
    hasSeed,
    host.qemu.path,
    host.qemu.version,
    release.version,
    release.agent,
    networkCards,
  ];
  return sha256(JSON.stringify(parts)).slice(0, KEY_DIGITS);
}
