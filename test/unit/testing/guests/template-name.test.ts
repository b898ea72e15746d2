import { describe, expect, it } from 'vitest';
import type { GuestSetup } from '../../../../src/testing/guests/guest-setup.ts';
import { templateName } from '../../../../src/testing/guests/shared-templates.ts';

describe('the name of a template that tests share', () => {
  const plain = templateName({ image: 'micro', memory: '512M' });

  it('is a host name', () => {
    expect(plain).toMatch(/^test-[0-9a-f]{16}$/);
  });

  it.each<[string, GuestSetup]>([
    ['the order of the options', { memory: '512M', image: 'micro' }],
    ['omitted options', { image: 'micro', memory: '512M', seed: undefined }],
    ['options of forks alone', { image: 'micro', memory: '512M', ports: ['80'], waitTimeoutMs: 5 }],
    ['whether it begins as a kept guest', { image: 'micro', memory: '512M', kept: 'ignore' }],
    ['time limits', { image: 'micro', memory: '512M', timeoutMs: 5 }],
    ['expected alarms', { image: 'micro', memory: '512M', expectedAlarms: ['panic'] }],
  ])('does not depend on %s', (_, setup) => {
    expect(templateName(setup)).toBe(plain);
  });

  it.each<[string, GuestSetup]>([
    ['an option', { image: 'micro', memory: '256M' }],
    ['a command', { image: 'micro', memory: '512M', run: 'true' }],
    ['a network', { image: 'micro', memory: '512M', networks: ['lan'] }],
  ])('depends on %s', (_, setup) => {
    expect(templateName(setup)).not.toBe(plain);
  });

  it('depends on the folder that paths may be relative to', () => {
    const before = process.cwd();
    process.chdir('/');
    try {
      expect(templateName({ image: 'micro', memory: '512M' })).not.toBe(plain);
    } finally {
      process.chdir(before);
    }
  });
});
