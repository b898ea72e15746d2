import * as z from 'zod';

/** A unicast address that is not zero, in lower case. */
export const UNICAST_MAC = /^(?!00:00:00:00:00:00)[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/;

/** The words of an error about another value. */
export const EXPECTED_MAC = 'expected a unicast MAC address, such as 52:54:00:12:34:56';

/** A unicast address, in either case. */
export const macSchema = z.string().toLowerCase().regex(UNICAST_MAC, EXPECTED_MAC);
