import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { knownHosts } from '../../guest/ssh/known-hosts.ts';
import { sshConfig, withHostNames } from '../../guest/ssh/ssh-config.ts';
import { makeSshKeyPair } from '../../guest/ssh/ssh-key.ts';
import { commandProgram } from '../../machine/paths/package-files.ts';
import { type TextFile, exchangeFile, replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { isEnteredByAgent } from '../record/ssh-record.ts';
import { type HostEndpoint, SSH_PORT, boundForwards, sshEndpoint } from '../spec/forwards.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Files for ssh to a machine, in its directory `ssh`. */
export interface SshFiles {
  readonly identity: string;
  readonly publicKey: string;
  /** Host keys of the guest, so that ssh asks no questions. */
  readonly knownHosts: string;
  /** A `Host` block, for the user's Include. */
  readonly config: string;
}

export function sshFiles(directory: string): SshFiles {
  return {
    identity: join(directory, 'id_ed25519'),
    publicKey: join(directory, 'id_ed25519.pub'),
    knownHosts: join(directory, 'known_hosts'),
    config: join(directory, 'config'),
  };
}

/** Creates the directory with a key pair for the machine. */
export function createSshKeys(directory: string, machine: string): void {
  const files = sshFiles(directory);
  mkdirSync(directory, { mode: 0o700 });
  const pair = makeSshKeyPair(`vmlet ${machine}`);
  writeFileSync(files.identity, pair.privateKey, { mode: 0o600, flush: true });
  writeFileSync(files.publicKey, `${pair.publicKey}\n`, { mode: 0o600 });
}

/** Leads nowhere (RFC 6761), and ssh's message says why: port 22 of the host is another server's. The agent does not use it. */
const NO_ENDPOINT: HostEndpoint = { address: 'no-forward.vmlet.invalid', port: SSH_PORT };

/** Writes the machine's ssh configuration, unless no way to its server is known. */
export function writeSshConfig(definition: Definition, endpoint: HostEndpoint | undefined): void {
  for (const { path, text } of sshConfigFiles(definition, endpoint)) exchangeFile(path, text);
}

/**
 * Writes the present forward to a running machine's ssh configuration, if it has one, after its ports have changed.
 * @param wasForwarded whether there was a forward to the server before.
 */
export function updateSshEndpoint(definition: Definition, wasForwarded: boolean): void {
  const { files } = definition;
  if (!existsSync(sshFiles(files.ssh).config)) return;
  const plan = readPlan(files);
  const endpoint = sshEndpoint(boundForwards(plan));
  // It may be the guest's own address on its bridge.
  const isKept = plan.bridges.length > 0 && !wasForwarded;
  if (endpoint || !isKept) writeSshConfig(definition, endpoint ?? NO_ENDPOINT);
}

/**
 * Returns the ssh configuration of a machine; none when no way to its server is known. The agent's way comes first: it
 * needs no port of the host, which other users can reach too.
 */
export function sshConfigFiles(
  { spec, files }: Definition,
  endpoint: HostEndpoint | undefined,
): readonly TextFile[] {
  const byAgent = isEnteredByAgent({ spec, files });
  if (!byAgent && !endpoint) return [];
  const paths = sshFiles(files.ssh);
  const host = {
    ...hostNames(spec),
    ...(endpoint ?? NO_ENDPOINT),
    proxyCommand: byAgent ? proxyCommand({ spec, files }) : undefined,
    user: spec.sshUser,
    identityFile: paths.identity,
    knownHostsFile: paths.knownHosts,
    hostKeyKnown: knowsHostKey(paths),
  };
  return [{ path: paths.config, text: sshConfig([host]) }];
}

/** ssh runs it from any shell; only the directory of the machines may be an unusual one. */
function proxyCommand({ spec, files }: Definition): string[] {
  const data = dirname(dirname(dirname(files.directory)));
  return ['env', `XDG_DATA_HOME=${data}`, process.execPath, commandProgram(), 'ssh', '--stdio', spec.name];
}

/** Writes the machine's present names to its ssh configuration, if it has one; others find it by them in its networks. */
export function updateSshNames(spec: Pick<MachineSpec, 'name' | 'networks'>, directory: string): void {
  const { config } = sshFiles(directory);
  const before = unlessMissing(() => readFileSync(config, 'utf8'));
  if (before === undefined) return;
  const text = withHostNames(before, hostNames(spec));
  if (text !== before) exchangeFile(config, text);
}

function hostNames({ name, networks = [] }: Pick<MachineSpec, 'name' | 'networks'>) {
  const aliases = networks.flatMap(({ network, alias }) =>
    [name, ...(alias === undefined ? [] : [alias])].map((word) => `${word}.${network}`),
  );
  return { machine: name, aliases };
}

/** Makes ssh accept only these host keys of the guest. */
export function writeKnownHosts(machine: string, directory: string, publicKeys: readonly string[]): void {
  replaceFile(sshFiles(directory).knownHosts, knownHosts(machine, publicKeys));
}

/** Renames the host in known_hosts; its keys do not change. */
export function renameKnownHosts(machine: string, directory: string): void {
  const files = sshFiles(directory);
  if (!knowsHostKey(files)) return;
  const keys = readFileSync(files.knownHosts, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ').slice(1).join(' '));
  writeKnownHosts(machine, directory, keys);
}

function knowsHostKey(files: SshFiles): boolean {
  return (unlessMissing(() => readFileSync(files.knownHosts, 'utf8')) ?? '').trim() !== '';
}
