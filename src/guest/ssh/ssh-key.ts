import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { InvalidInputError } from '../../errors/index.ts';

/** An ed25519 key pair in OpenSSH's file format. */
export interface SshKeyPair {
  /** Private key file without a passphrase; ssh requires mode 0600. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment`, without a line end. */
  readonly publicKey: string;
}

/** The raw parts of an ed25519 key, 32 bytes each. */
export interface Ed25519Parts {
  readonly seed: Uint8Array;
  readonly publicPoint: Uint8Array;
}

const ED25519 = 'ssh-ed25519';
/** Padding of an unencrypted private key, by OpenSSH's PROTOCOL.key. */
const BLOCK_BYTES = 8;
const PEM_LINE = 70;

/**
 * Generates a key pair.
 * @param comment one line, shown in lists of keys.
 * @throws InvalidInputError for a comment with line breaks.
 */
export function makeSshKeyPair(comment: string): SshKeyPair {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const parts = { seed: fromBase64Url(d), publicPoint: fromBase64Url(x) };
  return encodeKeyPair(parts, comment, randomBytes(4).readUInt32BE(0));
}

/**
 * Encodes the files of a key in the format `openssh-key-v1` (OpenSSH's PROTOCOL.key).
 * @param check any 32-bit number; readers compare its two copies to verify the decryption.
 * @throws InvalidInputError for a comment with line breaks.
 */
export function encodeKeyPair(parts: Ed25519Parts, comment: string, check: number): SshKeyPair {
  if (/[\0\r\n]/.test(comment)) {
    throw new InvalidInputError('comment', `invalid comment ${JSON.stringify(comment)}: expected one line`);
  }
  const publicBlob = Buffer.concat([string(ED25519), string(parts.publicPoint)]);
  const secret = Buffer.concat([
    uint32(check),
    uint32(check),
    publicBlob,
    string(Buffer.concat([parts.seed, parts.publicPoint])),
    string(comment),
  ]);
  const padding = Buffer.from(
    Array.from(
      { length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES },
      (_, index) => index + 1,
    ),
  );
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'), // cipher
    string('none'), // key derivation
    string(''), // its options
    uint32(1), // keys
    string(publicBlob),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(new RegExp(`.{1,${PEM_LINE}}`, 'g')) ?? [];
  return {
    privateKey: [
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      ...lines,
      '-----END OPENSSH PRIVATE KEY-----',
      '',
    ].join('\n'),
    publicKey: `${ED25519} ${publicBlob.toString('base64')}${comment === '' ? '' : ` ${comment}`}`,
  };
}

function string(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function fromBase64Url(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url');
}
