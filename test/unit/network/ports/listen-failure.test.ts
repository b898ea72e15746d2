import { expect, it } from 'vitest';
import { deniedPort } from '../../../../src/network/ports/listen-failure.ts';

it('calls only a low port privileged', () => {
  expect(deniedPort('127.0.0.1:1023/tcp', 1023)).toMatchObject({
    message: 'permission denied: 127.0.0.1:1023/tcp is a privileged port',
    hint: expect.stringContaining('at least 1024') as string,
  });
  for (const port of [0, 1024]) {
    expect(deniedPort(`127.0.0.1:${port}/tcp`, port)).toMatchObject({
      message: `permission denied: 127.0.0.1:${port}/tcp`,
      hint: expect.stringMatching(/^choose another host port; a setting of this host/) as string,
    });
  }
});
