import { join } from 'node:path';
import { ConfigFileError } from '../../errors/index.ts';
import { YamlFile } from '../../util/files/yaml-file.ts';
import type { Locations } from '../paths/locations.ts';
import type { Config } from './config-schema.ts';

/** The user's configuration file, `$XDG_CONFIG_HOME/vmlet/config.yaml`. */
export function configFile({ config }: Pick<Locations, 'config'>): string {
  return join(config, 'config.yaml');
}

/** Reads a configuration file. Without the file, nothing is set. @throws ConfigFileError */
export async function readConfigFile(path: string): Promise<Config> {
  const file = await YamlFile.read(path, ConfigFileError);
  if (file === undefined) return {};
  const { configKeys, configSchema } = await import('./config-schema.ts');
  return file.parse(configSchema, configKeys);
}
