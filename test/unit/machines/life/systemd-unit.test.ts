import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  systemdUnit,
  systemdUnitName,
  xdgVariables,
  isUnitOfStore,
} from '../../../../src/machines/life/systemd-unit.ts';

const plain = {
  machine: 'web-1',
  node: '/usr/bin/node',
  command: '/opt/vmlet/dist/bin/vmlet.js',
  environment: {},
};

function lines(options: Partial<Parameters<typeof systemdUnit>[0]> = {}): string[] {
  return systemdUnit({ ...plain, ...options }).split('\n');
}

describe('the unit of a machine', () => {
  it('is named after the machine', () => {
    expect(systemdUnitName('web-1')).toBe('vmlet-web-1.service');
  });

  it('starts and stops it with vmlet', () => {
    expect(lines()).toEqual(
      expect.arrayContaining([
        'ExecStart=:/usr/bin/node /opt/vmlet/dist/bin/vmlet.js start web-1',
        'ExecStop=-:/usr/bin/node /opt/vmlet/dist/bin/vmlet.js stop web-1',
      ]),
    );
  });

  it('sets no variables if the user has none', () => {
    expect(lines().filter((line) => line.startsWith('Environment'))).toEqual([]);
  });

  it.each([
    ['/a b', 'Environment="A=/a b"'],
    ['100%', 'Environment=A=100%%'],
    ['a"b\\c', 'Environment="A=a\\"b\\\\c"'],
    ['a\nb', 'Environment="A=a\\u000ab"'],
    ['é', 'Environment="A=é"'],
    ['', 'Environment=A='],
  ])('writes the value %j in systemd’s syntax', (value, expected) => {
    expect(lines({ environment: { A: value } })).toContain(expected);
  });

  it.each(['/a"b/node', "/a'b/node", '/a\\b/node', '/a\nb/node'])('rejects a Node at %j', (node) => {
    expect(() => lines({ node })).toThrow(InvalidInputError);
  });
});

describe('the variables of a unit', () => {
  it('are the XDG variables that the user has set', () => {
    const environment = {
      XDG_DATA_HOME: '/data',
      XDG_STATE_HOME: 'relative',
      XDG_RUNTIME_DIR: '/run/x',
      HOME: '/h',
    };
    expect(xdgVariables(environment)).toEqual({ XDG_DATA_HOME: '/data' });
  });
});

describe('the store of a unit', () => {
  const ofStore = (path: string): string => lines({ environment: { XDG_DATA_HOME: path } }).join('\n');

  it.each(['/data', '/data/', '/my "data"', '/50%'])('is %j', (path) => {
    const store = path.replace(/\/$/, '');
    expect(isUnitOfStore(ofStore(path), 'web-1', { dataHome: store, isDefault: false })).toBe(true);
    expect(isUnitOfStore(ofStore(path), 'web-1', { dataHome: `${store}2`, isDefault: true })).toBe(false);
  });

  it('is the default one if the unit has no variable', () => {
    const text = lines({ environment: { XDG_CACHE_HOME: '/data' } }).join('\n');
    const isOf = (isDefault: boolean) => isUnitOfStore(text, 'web-1', { dataHome: '/data', isDefault });
    expect([true, false].map(isOf)).toEqual([true, false]);
  });

  const store = { dataHome: '/data', isDefault: true };

  it('is known by a unit that the user has edited, or whose Node has a space in its path', () => {
    expect(isUnitOfStore(`${lines().join('\n')}\nNice=5\n`, 'web-1', store)).toBe(true);
    expect(isUnitOfStore(lines({ node: '/a b/node' }).join('\n'), 'web-1', store)).toBe(true);
  });

  it.each([
    '[Service]\nExecStart=/usr/bin/my-program\n',
    '[Service]\nExecStart=/usr/bin/vmlet start web-1\n',
    lines({ machine: 'web-10' }).join('\n'),
  ])('is none for a unit that vmlet did not write for the machine: %j', (text) => {
    expect(isUnitOfStore(text, 'web-1', store)).toBe(false);
  });
});
