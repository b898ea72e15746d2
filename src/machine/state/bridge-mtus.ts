import * as z from 'zod';
import { type BridgeMtus, bridgeCardId } from '../qemu/bridge-card.ts';

/** Fields of a record of memory: the MTUs of cards on bridges. */
export const bridgeMtuFields = {
  bridgeMtus: z.record(z.string(), z.number()).optional(),
  /** In records of earlier releases, whose machines had only a first card on a bridge. */
  bridgeMtu: z.number().optional(),
};

/** Reads the fields of earlier releases too. */
export function withBridgeMtus<Fields extends z.infer<z.ZodObject<typeof bridgeMtuFields>>>({
  bridgeMtu,
  bridgeMtus,
  ...others
}: Fields): Omit<Fields, keyof typeof bridgeMtuFields> & { bridgeMtus: BridgeMtus } {
  const earlier = bridgeMtu === undefined ? {} : { [bridgeCardId({ number: 0 })]: bridgeMtu };
  return { ...others, bridgeMtus: bridgeMtus ?? earlier };
}
