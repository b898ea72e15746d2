import type * as YamlModule from 'yaml';
import { InvalidInputError } from '../../errors/index.ts';
import { BOOT_COMMAND, bootFiles } from './agent-files.ts';
import { cloudConfig } from './cloud-config.ts';
import { type UserCloudConfig, mergeCloudConfigs, parseUserCloudConfig } from './merge.ts';
import { multipartUserData } from './multipart.ts';
import { needsNetworkEarly } from './network-need.ts';
import { networkConfig } from './network-config.ts';
import type { Seed } from './options.ts';
import type { SeedTarget } from './target.ts';
import { yamlText } from './yaml-text.ts';
import { type UserDataKind, userDataKind } from './user-data-kind.ts';

interface UserData {
  readonly text: string;
  readonly kind: UserDataKind;
  /** Of the kind `cloud-config` only. */
  readonly config: UserCloudConfig | undefined;
}

/**
 * The files of a NoCloud seed, by their names on a file system with the label that `seedLabel` says. On Linux the
 * agent is put in place at every boot and started before the network is, unless the user's own user-data needs the
 * network before everything else (an `#include`, a `bootcmd`, …).
 * @throws InvalidInputError for user-data that cannot be read, or that the guest's provisioner cannot take.
 */
export async function makeSeed(seed: Seed, target: SeedTarget): Promise<Map<string, Uint8Array>> {
  // Reading YAML takes a library that nothing else in a start needs.
  const yaml = await import('yaml');
  const userData = seed.userData === undefined ? undefined : readUserData(yaml, seed.userData);
  const waited =
    target.macAddress !== undefined &&
    userData !== undefined &&
    needsNetworkEarly(userData.kind, userData.config?.value);
  // Of a network of the user's own nobody knows when it is complete.
  const guarded = target.provisioner === 'cloud-init' && !waited && seed.network === 'dhcp';
  const files = bootFiles(target.agent, guarded);
  const text = (value: Record<string, unknown>) =>
    Buffer.from(yamlText(yaml, new yaml.Document(value, { version: '1.1' })));
  const network = networkConfig(seed, target);
  return new Map<string, Uint8Array>([
    ['meta-data', text(metaData(seed, target, waited))],
    ['user-data', Buffer.from(mergedUserData(yaml, seed, target, userData, files.has('vmlet-boot')))],
    ...(network === undefined ? [] : [['network-config', text(network)] as const]),
    ...files,
  ]);
}

/** The label of the seed's file system. FreeBSD's looks for small letters, everything else takes both. */
export function seedLabel(provisioner: SeedTarget['provisioner']): string {
  return provisioner === 'nuageinit' ? 'cidata' : 'CIDATA';
}

function metaData(seed: Seed, target: SeedTarget, waited: boolean): Record<string, unknown> {
  return {
    'instance-id': target.instanceId,
    'local-hostname': seed.hostname ?? target.hostname,
    // All that is done before the network then comes before it is even configured.
    ...(target.provisioner === 'cloud-init' && !waited && { dsmode: 'local' }),
    ...(target.provisioner === 'tiny-cloud' &&
      seed.sshKeys.length > 0 && { 'public-keys': [...seed.sshKeys] }),
  };
}

function readUserData(yaml: typeof YamlModule, text: string): UserData {
  const kind = userDataKind(text);
  const config = kind === 'cloud-config' ? parseUserCloudConfig(yaml, text) : undefined;
  return { text: text.trimStart(), kind, config };
}

function mergedUserData(
  yaml: typeof YamlModule,
  seed: Seed,
  target: SeedTarget,
  userData: UserData | undefined,
  boots: boolean,
): string {
  const bootCommand = boots ? BOOT_COMMAND : undefined;
  const ours = cloudConfig(seed, target, bootCommand);
  if (!userData || userData.config) return mergeCloudConfigs(yaml, ours, userData?.config);
  if (target.provisioner === 'cloud-init') {
    return multipartUserData(mergeCloudConfigs(yaml, ours, undefined), userData.text, userData.kind);
  }
  throw new InvalidInputError(
    'userData',
    `is of the kind ${userData.kind}, and ${target.provisioner}, which the image has, merges #cloud-config only`,
    { hint: 'write it as #cloud-config, or use run and files' },
  );
}
