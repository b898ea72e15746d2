import { readFile } from 'node:fs/promises';
import type * as OpenPgp from 'openpgp';
import { SignatureError } from '../../errors/index.ts';

/** A publisher's signing key, as the catalogue names it. */
export interface PinnedKey {
  readonly name: string;
  /** Path of the armoured key. */
  readonly path: string;
  /** Full, in upper-case hexadecimal. */
  readonly fingerprint: string;
}

const KEY_HINT =
  'correct the key file or the fingerprint if the key is in your own catalogue; otherwise reinstall vmlet';

/** The signed file, for error messages. */
export interface Signed {
  readonly image: string;
  readonly url: string;
  readonly key: PinnedKey;
}

/**
 * Verifies a cleartext signed message and returns its signed text. Text around it is ignored.
 *
 * A signature is valid when the pinned key, or a signing subkey of it, made it while it was neither expired nor
 * revoked according to the pinned copy. The key may have expired since then, because old releases stay valid.
 * @throws SignatureError
 */
export async function verifyInline(document: string, signed: Signed): Promise<string> {
  const openpgp = await import('openpgp');
  const key = await readPinnedKey(openpgp, signed);
  let message: OpenPgp.CleartextMessage;
  try {
    message = await openpgp.readCleartextMessage({ cleartextMessage: document });
  } catch (error) {
    throw refusal(signed, 'is not signed, but the catalogue requires a signature', error);
  }
  const { signatures } = await openpgp.verify({ message, verificationKeys: key });
  await requireGood(signatures, key, signed);
  return message.getText();
}

/**
 * Verifies a detached signature by the same rules.
 * @param signature armoured or not.
 * @throws SignatureError
 */
export async function verifyDetached(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  signature: Uint8Array,
  signed: Signed,
): Promise<void> {
  const openpgp = await import('openpgp');
  const key = await readPinnedKey(openpgp, signed);
  let parsed: OpenPgp.Signature;
  try {
    parsed = await readSignature(openpgp, signature);
  } catch (error) {
    throw refusal(signed, 'has an unreadable signature', error);
  }
  // openpgp accepts streams too, but its types for them require another package.
  const binary = (content instanceof Uint8Array ? content : streamOf(content)) as Uint8Array;
  const message = await openpgp.createMessage({ binary });
  const { signatures, data } = (await openpgp.verify({
    message,
    signature: parsed,
    verificationKeys: key,
    format: 'binary',
  })) as OpenPgp.VerifyMessageResult<Uint8Array>;
  await readToEnd(data);
  await requireGood(signatures, key, signed);
}

/** Reads a stream to its end, which openpgp requires before it can verify the signature. */
async function readToEnd(data: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  if (data instanceof Uint8Array) return;
  const reader = data.getReader();
  while (!(await reader.read()).done);
}

async function readSignature(openpgp: typeof OpenPgp, signature: Uint8Array): Promise<OpenPgp.Signature> {
  const text = Buffer.from(signature).toString('latin1').trimStart();
  return text.startsWith('-----BEGIN PGP')
    ? openpgp.readSignature({ armoredSignature: text })
    : openpgp.readSignature({ binarySignature: signature });
}

/** Reads the pinned key. Other keys in the file are ignored. */
async function readPinnedKey(openpgp: typeof OpenPgp, signed: Signed): Promise<OpenPgp.PublicKey> {
  const { path, fingerprint } = signed.key;
  let keys: OpenPgp.Key[];
  try {
    keys = await openpgp.readKeys({ armoredKeys: await readFile(path, 'utf8') });
  } catch (error) {
    throw refusal(signed, `cannot be verified: cannot read a key from ${path}`, error, KEY_HINT);
  }
  const fingerprints = keys.map((key) => key.getFingerprint().toUpperCase());
  const key = keys[fingerprints.indexOf(fingerprint)];
  if (key !== undefined) return key.toPublic();
  throw refusal(
    signed,
    `cannot be verified: ${path} has the key ${fingerprints.join(' and ')}, but not the expected key ${fingerprint}`,
    undefined,
    KEY_HINT,
  );
}

async function requireGood(
  signatures: OpenPgp.VerifyMessageResult['signatures'],
  key: OpenPgp.PublicKey,
  signed: Signed,
): Promise<void> {
  const ours = signatures.filter(({ keyID }) => key.getKeys(keyID).length > 0);
  if (ours.length === 0) {
    const others = signatures.map(({ keyID }) => keyID.toHex().toUpperCase()).join(', ');
    throw refusal(
      signed,
      others === ''
        ? 'has no readable signature'
        : `is not signed by the expected key ${signed.key.fingerprint}, but by the key with ID ${others}`,
    );
  }
  const reasons: unknown[] = [];
  for (const { verified } of ours) {
    try {
      await verified;
      return;
    } catch (error) {
      reasons.push(error);
    }
  }
  const [reason] = reasons;
  const words = reason instanceof Error ? `: ${reason.message}` : '';
  throw refusal(signed, `has an invalid signature by the key ${signed.key.fingerprint}${words}`, reason);
}

function refusal(
  { image, url, key }: Signed,
  problem: string,
  cause?: unknown,
  hint?: string,
): SignatureError {
  return new SignatureError(image, url, key.fingerprint, problem, {
    cause,
    ...(hint !== undefined && { hint }),
  });
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
