import { afterEach, expect, it, vi } from 'vitest';
import { plainEnvironment } from '../../../../src/util/system/plain-environment.ts';

afterEach(() => vi.unstubAllEnvs());

it('is this process’s, but for the language of messages', () => {
  vi.stubEnv('LANGUAGE', 'de:fr');
  vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
  vi.stubEnv('VMLET_TEST_PLAIN', 'kept');
  const { LANGUAGE: language, ...others } = process.env;
  expect(language).toBe('de:fr');
  expect(plainEnvironment()).toEqual({ ...others, LC_ALL: 'C.UTF-8' });
  expect(plainEnvironment()).toHaveProperty('VMLET_TEST_PLAIN', 'kept');
  expect(process.env).toHaveProperty('LANGUAGE', 'de:fr');
});
