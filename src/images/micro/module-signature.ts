/** Source: linux/module_signature.h. Behind the module: the signature, a descriptor that ends in its length, this. */
const MARK = Buffer.from('~Module signature appended~\n', 'latin1');
const DESCRIPTOR_BYTES = 12;

/**
 * The module without the signature at its end; as it is where there is none. Verifying one costs a guest without an
 * accelerator 15 to 25 ms a module, of the five that nearly every boot loads, and proves nothing to it: the signed
 * package was verified when the image was built, and nothing verifies the initramfs that the modules lie in. The
 * kernel marks itself as tainted (E) in return. One that accepts signed modules only (CONFIG_MODULE_SIG_FORCE, which
 * no distribution that images are built from has) would not take it.
 */
export function withoutSignature(module: Buffer): Buffer {
  const markAt = module.length - MARK.length;
  if (markAt < DESCRIPTOR_BYTES || !module.subarray(markAt).equals(MARK)) return module;
  const end = markAt - DESCRIPTOR_BYTES - module.readUInt32BE(markAt - 4);
  return end > 0 ? module.subarray(0, end) : module;
}
