import { expect, it } from 'vitest';
import { InvalidInputError, PortTakenError } from '../../../src/errors/index.ts';
import { explainPasstFailure, isRefusedForward } from '../../../src/passt/start-failure.ts';

it('explains that passt of 2023 accepts one address for a port number', async () => {
  const line = 'Overlapping port specifier 127.0.0.1/2224:22';
  expect(isRefusedForward(line)).toBe(true);
  const explained = explainPasstFailure([line], { exitCode: 1, signal: undefined }, []);
  await expect(explained).rejects.toBeInstanceOf(InvalidInputError);
  await expect(explained).rejects.toThrow(/127\.0\.0\.1:2224:22.*on only one address/);
});

it('takes no setting that passt prints for a problem with an interface', async () => {
  const status = { exitCode: undefined, signal: 'SIGKILL' } as const;
  const explained = explainPasstFailure(['Template interface: eth0 (IPv4)', 'MAC:'], status, []);
  await expect(explained).rejects.toMatchObject({ hint: 'try again, or use --net slirp' });
});

it.each([
  "Failed to bind any port for '-t 127.0.0.1/2224:22', exiting",
  "Failed to bind port 2224 (Address already in use) for option '-t 127.0.0.1/2224:22'",
  'Listen failed for HOST TCP port 127.0.0.1/2224: Address already in use',
])('finds the forward in the output of passt of 2023 and later: %s', async (line) => {
  const forward = {
    protocol: 'tcp',
    hostAddress: '127.0.0.1',
    hostPort: 2224,
    guestPort: 22,
    ephemeral: true,
  } as const;
  expect(isRefusedForward(line)).toBe(true);
  const explained = explainPasstFailure([line], { exitCode: 1, signal: undefined }, [forward]);
  await expect(explained).rejects.toBeInstanceOf(PortTakenError);
});
