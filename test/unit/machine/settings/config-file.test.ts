import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigFileError } from '../../../../src/errors/index.ts';
import { configFile, readConfigFile } from '../../../../src/machine/settings/config-file.ts';
import { readKeptLimits } from '../../../../src/machine/settings/kept-limits.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const file = configFile({ config: directory });

const SIZE = 'expected a size in multiples of 512 bytes, such as 20G, or 0 to keep no guests';
const DAYS = 'expected a number of days, 0 or more, such as 7';

describe('the configuration file', () => {
  it('sets nothing if it is missing', async () => {
    expect(await readConfigFile(join(directory, 'none.yaml'))).toEqual({});
    expect(await readConfigFile(join(directory, 'none', 'config.yaml'))).toEqual({});
  });

  it.each<readonly [string, unknown]>([
    ['', {}],
    ['# kept: { size: 20G }\n', {}],
    ['kept:\n', { kept: null }],
    ['kept:\n  # size: 20G\n', { kept: null }],
    ['kept: {}\n', { kept: {} }],
    ['kept: { size: 20G, days: 30 }\n', { kept: { size: 20 * 1024 ** 3, days: 30 } }],
    ['kept:\n  size: 1.5 GiB\n', { kept: { size: 1.5 * 1024 ** 3 } }],
    ['kept:\n  size: "512M"\n', { kept: { size: 512 * 1024 ** 2 } }],
    ['kept:\n  size: 1048576\n', { kept: { size: 1024 ** 2 } }],
    ['kept:\n  size: 0\n', { kept: { size: 0 } }],
    ['kept:\n  days: 0\n', { kept: { days: 0 } }],
    ['kept:\n  days: 0.5\n', { kept: { days: 0.5 } }],
  ])('with %j has %j', async (text, settings) => {
    writeFileSync(file, text);
    expect(await readConfigFile(file)).toEqual(settings);
  });

  it.each<readonly [string, number, string, string]>([
    ['kept: [\n', 2, '', 'invalid YAML'],
    ['kept: 20G\n', 1, 'kept', '"20G": expected an object'],
    ['- kept\n', 1, '', 'expected an object'],
    ['kept:\n  size: much\n', 2, 'kept.size', `"much": ${SIZE}`],
    ['kept:\n  size: -1\n', 2, 'kept.size', `-1: ${SIZE}`],
    ['kept:\n  size: 1000\n', 2, 'kept.size', `1000: ${SIZE}`],
    ['kept:\n  size:\n', 2, 'kept.size', SIZE],
    ['kept:\n  size: [20G]\n', 2, 'kept.size', SIZE],
    ['kept:\n  size: true\n', 2, 'kept.size', `true: ${SIZE}`],
    ['kept:\n  size: 1G\n  days: soon\n', 3, 'kept.days', `"soon": ${DAYS}`],
    ['kept:\n  days: -1\n', 2, 'kept.days', `-1: ${DAYS}`],
    ['kept:\n  days: .inf\n', 2, 'kept.days', `Infinity: ${DAYS}`],
    ['kept:\n  days: "7"\n', 2, 'kept.days', `"7": ${DAYS}`],
  ])('with %j is rejected at line %i, %s: %s', async (text, line, field, problem) => {
    writeFileSync(file, text);
    const start = `${file}:${line}: ${field === '' ? '' : `${field}: `}${problem}`;
    await expect(readConfigFile(file)).rejects.toMatchObject({
      code: 'VMLET_CONFIG_FILE',
      message: expect.stringContaining(start) as string,
      hint: 'correct this line; without it, the default applies',
      file,
      line,
      field,
    });
  });

  it.each([
    ['\nkeep:\n  size: 20G\n', 2, 'keep', 'use kept'],
    ['kept:\n  days: 3\n  sise: 20G\n', 3, 'kept.sise', 'use size or days'],
  ])('with %j has an unknown key at line %i: %s', async (text, line, field, hint) => {
    writeFileSync(file, text);
    const message = `${file}:${line}: ${field}: unknown key`;
    await expect(readConfigFile(file)).rejects.toMatchObject({ message, hint, line, field });
  });

  it('is as the documentation shows it', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/kept-guests.md'), 'utf8');
    writeFileSync(file, /```yaml\n(?<block>.+?)```/s.exec(page)?.groups?.['block'] ?? '');
    expect(await readConfigFile(file)).toEqual({ kept: { size: 20 * 1024 ** 3, days: 30 } });
  });

  it('is reported if it cannot be read', async () => {
    await expect(readConfigFile(directory)).rejects.toThrow(
      `${directory}:1: cannot read the file: illegal operation on a directory`,
    );
  });

  it('is checked whole, also where the environment has precedence', async () => {
    const environment = { VMLET_KEPT_SIZE: '1G', VMLET_KEPT_DAYS: '1' };
    writeFileSync(file, 'kept: { size: 20G, days: 30 }\n');
    expect(await readKeptLimits({ config: directory }, environment)).toMatchObject({
      bytes: { value: 1024 ** 3 },
      days: { value: 1 },
    });
    writeFileSync(file, 'kept: { size: much }\n');
    await expect(readKeptLimits({ config: directory }, environment)).rejects.toThrow(ConfigFileError);
  });
});
