import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { bridgeVerdict, parseBridgeConf } from '../../../../src/network/bridge/bridge-conf.ts';

const FILES: Readonly<Record<string, string>> = {
  '/etc/qemu/group.conf': 'allow br7\n',
  '/etc/qemu/broken.conf': 'allow br8\nnonsense here\nallow br9\n',
  '/etc/qemu/loop.conf': 'allow br6\ninclude /etc/qemu/loop.conf\n',
};

function allows(text: string, bridge: string): boolean {
  return bridgeVerdict(
    parseBridgeConf('/etc/qemu/bridge.conf', text, (path) => FILES[path]),
    bridge,
  ).allowed;
}

// test/integration/network/bridge/bridge.test.ts gives the same texts to the real helper.
describe('bridge.conf', () => {
  test.each([
    ['', false],
    ['# allow br0\n\n', false],
    ['allow br0', true],
    ['  allow\tbr0\n', true],
    ['allow   br0  \n', true],
    ['allow br1\n', false],
    ['allow all\n', true],
    ['allow all\ndeny br0\n', false],
    ['deny br0\nallow br0\n', false],
    ['deny all\nallow br0\n', false],
    ['allow br0\ndeny br1\n', true],
    ['allow br0 br1\n', false],
  ])('%j allows br0: %s', (text, expected) => {
    expect(allows(text, 'br0')).toBe(expected);
  });

  test('includes files, complete, incomplete or missing', () => {
    expect(allows('include /etc/qemu/group.conf\n', 'br7')).toBe(true);
    expect(allows('include /etc/qemu/missing.conf\nallow br0\n', 'br0')).toBe(true);
    expect(allows('include /etc/qemu/loop.conf\n', 'br6')).toBe(true);
    const broken = 'include /etc/qemu/broken.conf\n';
    expect(allows(broken, 'br8')).toBe(true);
    expect(allows(broken, 'br9')).toBe(false);
  });

  test.each([
    'allow\n',
    'allow0\n',
    'include\n',
    '  allow\tbr0  \n',
    'permit br0\n',
    'allow\tbr0 br1\n',
    'allow br0\nbr1\n',
  ])('%j is rejected', (text) => {
    expect(() => allows(text, 'br0')).toThrow(InvalidInputError);
  });

  test('names an invalid line', () => {
    expect(() => allows('allow br0\npermit br1\n', 'br0')).toThrow(
      /bridge\.conf: line 2: invalid rule "permit br1"/,
    );
  });

  test('a file that includes itself is read once', () => {
    const text = '# first\nallow br0\ninclude /etc/qemu/bridge.conf\ndeny br1\n';
    expect(parseBridgeConf('/etc/qemu/bridge.conf', text, () => text)).toEqual([
      { action: 'allow', bridge: 'br0' },
      { action: 'deny', bridge: 'br1' },
    ]);
  });

  test('shows an invalid line, and the valid forms', () => {
    const parse = (): unknown => parseBridgeConf('x', '  permit br1 \n', () => undefined);
    expect(parse).toThrow('x: line 1: invalid rule "permit br1"');
    expect(parse).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('"allow BRIDGE", "deny BRIDGE"') as string }),
    );
  });

  test('names the rule that denies', () => {
    const rules = parseBridgeConf('x', 'allow br0\ndeny all\n', () => undefined);
    expect(bridgeVerdict(rules, 'br0').deniedBy).toEqual({ action: 'deny', bridge: 'all' });
  });
});
