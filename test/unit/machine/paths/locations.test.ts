import { describe, expect, it } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';

describe('locate', () => {
  it('follows the XDG variables', () => {
    const environment = {
      XDG_CONFIG_HOME: '/f',
      XDG_DATA_HOME: '/d',
      XDG_STATE_HOME: '/s',
      XDG_CACHE_HOME: '/c',
      XDG_RUNTIME_DIR: '/r',
    };
    expect(locate(environment, '/home/u', 7)).toEqual({
      config: '/f/vmlet',
      images: '/d/vmlet/images',
      machines: '/d/vmlet/machines',
      disks: '/d/vmlet/disks',
      networks: '/d/vmlet/networks',
      volumes: '/d/vmlet/volumes',
      templates: '/d/vmlet/templates',
      state: '/s/vmlet',
      logs: '/s/vmlet/machines',
      cache: '/c/vmlet',
      scratch: '/c/vmlet/scratch',
      runtime: '/r/vmlet',
      sharedMemory: '/dev/shm/vmlet-7',
      usualRuntime: '/r/vmlet',
    });
  });

  it.each([{}, { XDG_DATA_HOME: '', XDG_CACHE_HOME: 'relative', XDG_RUNTIME_DIR: './r' }])(
    'falls back if they are unset, empty or relative',
    (environment) => {
      expect(locate(environment, '/home/u', 7)).toEqual({
        config: '/home/u/.config/vmlet',
        images: '/home/u/.local/share/vmlet/images',
        machines: '/home/u/.local/share/vmlet/machines',
        disks: '/home/u/.local/share/vmlet/disks',
        networks: '/home/u/.local/share/vmlet/networks',
        volumes: '/home/u/.local/share/vmlet/volumes',
        templates: '/home/u/.local/share/vmlet/templates',
        state: '/home/u/.local/state/vmlet',
        logs: '/home/u/.local/state/vmlet/machines',
        cache: '/home/u/.cache/vmlet',
        scratch: '/home/u/.cache/vmlet/scratch',
        runtime: '/tmp/vmlet-7',
        sharedMemory: '/dev/shm/vmlet-7',
        usualRuntime: '/tmp/vmlet-7',
      });
    },
  );
});
