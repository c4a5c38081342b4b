// Made by `make browser-client` from clients/browser; do not edit. Licences are at the end.
var __defProp = Object.defineProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/groupTypes.js
var GROUP = {
  // P256_XMD:SHA-256_SSWU_RO_
  P256: "P-256",
  // P384_XMD:SHA-384_SSWU_RO_
  P384: "P-384",
  // P521_XMD:SHA-512_SSWU_RO_
  P521: "P-521",
  // ristretto255_XMD:SHA-512_R255MAP_RO_
  RISTRETTO255: "ristretto255",
  // decaf448_XOF:SHAKE256_D448MAP_RO_
  DECAF448: "decaf448"
};
function errBadGroup(X) {
  return new Error(`group: bad group name ${X}.`);
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/util.js
function joinAll(a) {
  let size = 0;
  for (const ai of a) {
    size += ai.length;
  }
  const ret = new Uint8Array(new ArrayBuffer(size));
  let offset = 0;
  for (const ai of a) {
    ret.set(ai, offset);
    offset += ai.length;
  }
  return ret;
}
function zip(x, y) {
  return x.map((xi, i) => [xi, y[i]]);
}
function to16bits(n) {
  if (!(n >= 0 && n < 65535)) {
    throw new Error("number bigger than 2^16");
  }
  return new Uint8Array([n >> 8 & 255, n & 255]);
}
function toU16LenPrefix(b) {
  return [to16bits(b.length), b];
}
function toU16LenPrefixUint8Array(b) {
  return [to16bits(b.length), ...b.flatMap((x) => toU16LenPrefix(x))];
}
function toU16LenPrefixClass(b) {
  return [to16bits(b.length), ...b.map((x) => x.serialize())];
}
function fromU16LenPrefix(b) {
  if (b.length < 2) {
    throw new Error(`buffer shorter than expected`);
  }
  const n = b[0] << 8 | b[1];
  if (b.length < 2 + n) {
    throw new Error(`buffer shorter than expected`);
  }
  const head = b.subarray(2, 2 + n);
  const tail = b.subarray(2 + n);
  return { head, tail };
}
function fromU16LenPrefixDes(c, b) {
  if (b.length < 2) {
    throw new Error(`buffer shorter than expected`);
  }
  const n = b[0] << 8 | b[1];
  const size = c.size();
  if (b.length < 2 + n * size) {
    throw new Error(`buffer shorter than expected`);
  }
  const head = [];
  for (let i = 0; i < n; i++) {
    head.push(c.deserialize(b.subarray(2 + i * size, 2 + (i + 1) * size)));
  }
  const tail = b.subarray(2 + n * size);
  return { head, tail };
}
function fromU16LenPrefixUint8Array(b) {
  if (b.length < 2) {
    throw new Error(`buffer shorter than expected`);
  }
  const n = b[0] << 8 | b[1];
  let run = b.subarray(2);
  const output2 = [];
  for (let i = 0; i < n; i++) {
    const { head, tail } = fromU16LenPrefix(run);
    output2.push(head);
    run = tail;
  }
  return { head: output2, tail: run };
}
function checkSize(x, T, u) {
  if (x.length < T.size(u)) {
    throw new Error(`error deserializing ${T.name}: buffer shorter than expected`);
  }
}
function errDeserialization(T) {
  return new Error(`group: deserialization of ${T.name} failed.`);
}
function errGroup(X, Y) {
  return new Error(`group: mismatch between groups ${X} and ${Y}.`);
}
function compat(x, y) {
  if (x.g.id !== y.g.id)
    throw errGroup(x.g.id, y.g.id);
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/consts.js
var MODE = {
  OPRF: 0,
  VOPRF: 1,
  POPRF: 2
};
var SUITE = {
  P256_SHA256: "P256-SHA256",
  P384_SHA384: "P384-SHA384",
  P521_SHA512: "P521-SHA512",
  RISTRETTO255_SHA512: "ristretto255-SHA512",
  DECAF448_SHAKE256: "decaf448-SHAKE256"
};
var LABELS = {
  Version: "OPRFV1-",
  FinalizeDST: "Finalize",
  HashToGroupDST: "HashToGroup-",
  HashToScalarDST: "HashToScalar-",
  DeriveKeyPairDST: "DeriveKeyPair",
  InfoLabel: "Info"
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/oprf.js
function assertNever(name, x) {
  throw new Error(`unexpected ${name} identifier: ${x}`);
}
function getOprfParams(id) {
  switch (id) {
    case Oprf.Suite.P256_SHA256:
      return [Oprf.Suite.P256_SHA256, GROUP.P256, "SHA-256", 32];
    case Oprf.Suite.P384_SHA384:
      return [Oprf.Suite.P384_SHA384, GROUP.P384, "SHA-384", 48];
    case Oprf.Suite.P521_SHA512:
      return [Oprf.Suite.P521_SHA512, GROUP.P521, "SHA-512", 64];
    case Oprf.Suite.RISTRETTO255_SHA512:
      return [Oprf.Suite.RISTRETTO255_SHA512, GROUP.RISTRETTO255, "SHA-512", 64];
    case Oprf.Suite.DECAF448_SHAKE256:
      return [Oprf.Suite.DECAF448_SHAKE256, GROUP.DECAF448, "SHAKE256", 64];
    default:
      assertNever("Oprf.Suite", id);
  }
}
var Oprf = class _Oprf {
  static set Crypto(provider) {
    setCryptoProvider(provider);
  }
  static get Crypto() {
    return getCryptoProvider();
  }
  static validateMode(m) {
    switch (m) {
      case _Oprf.Mode.OPRF:
      case _Oprf.Mode.VOPRF:
      case _Oprf.Mode.POPRF:
        return m;
      default:
        assertNever("Oprf.Mode", m);
    }
  }
  static getGroup(suite, ...arg) {
    return getSuiteGroup(suite, arg);
  }
  static getHash(suite) {
    return getOprfParams(suite)[2];
  }
  static getOprfSize(suite) {
    return getOprfParams(suite)[3];
  }
  static getDST(mode, suite, name) {
    const m = _Oprf.validateMode(mode);
    const te = new TextEncoder();
    return joinAll([
      te.encode(name + _Oprf.LABELS.Version),
      Uint8Array.of(m),
      te.encode("-" + suite)
    ]);
  }
  constructor(mode, suite, ...arg) {
    const [ID, gid, hash2] = getOprfParams(suite);
    this.crypto = getCrypto(arg);
    this.group = this.crypto.Group.get(gid);
    this.suite = ID;
    this.hashID = hash2;
    this.mode = _Oprf.validateMode(mode);
  }
  getDLEQParams() {
    const EMPTY_DST = "";
    return { group: this.group.id, hash: this.hashID, dst: this.getDST(EMPTY_DST) };
  }
  getDST(name) {
    return _Oprf.getDST(this.mode, this.suite, name);
  }
  async coreFinalize(input, issuedElement, info) {
    let hasInfo = [];
    if (this.mode === _Oprf.Mode.POPRF) {
      hasInfo = toU16LenPrefix(info);
    }
    const hashInput = joinAll([
      ...toU16LenPrefix(input),
      ...hasInfo,
      ...toU16LenPrefix(issuedElement),
      new TextEncoder().encode(_Oprf.LABELS.FinalizeDST)
    ]);
    return await this.crypto.hash(this.hashID, hashInput);
  }
  scalarFromInfo(info) {
    if (info.length >= 1 << 16) {
      throw new Error("invalid info length");
    }
    const te = new TextEncoder();
    const framedInfo = joinAll([te.encode(_Oprf.LABELS.InfoLabel), ...toU16LenPrefix(info)]);
    return this.group.hashToScalar(framedInfo, this.getDST(_Oprf.LABELS.HashToScalarDST));
  }
};
Oprf.Mode = MODE;
Oprf.Suite = SUITE;
Oprf.LABELS = LABELS;
var Evaluation = class _Evaluation {
  constructor(mode, evaluated, proof) {
    this.mode = mode;
    this.evaluated = evaluated;
    this.proof = proof;
  }
  serialize() {
    let proofBytes = new Uint8Array();
    if (this.proof && (this.mode == Oprf.Mode.VOPRF || this.mode == Oprf.Mode.POPRF)) {
      proofBytes = this.proof.serialize();
    }
    return joinAll([
      ...toU16LenPrefixClass(this.evaluated),
      Uint8Array.from([this.mode]),
      proofBytes
    ]);
  }
  isEqual(e) {
    if (this.mode !== e.mode || this.proof && !e.proof || !this.proof && e.proof) {
      return false;
    }
    let res = this.evaluated.every((x, i) => x.isEqual(e.evaluated[i]));
    if (this.proof && e.proof) {
      res && (res = this.proof.isEqual(e.proof));
    }
    return res;
  }
  static deserialize(suite, bytes2, ...arg) {
    const group = getSuiteGroup(suite, arg);
    const { head: evalList, tail } = fromU16LenPrefixDes(group.eltDes, bytes2);
    let proof;
    const proofSize = DLEQProof.size(group);
    const proofBytes = tail.subarray(1, 1 + proofSize);
    const mode = tail[0];
    switch (mode) {
      case Oprf.Mode.OPRF:
        break;
      case Oprf.Mode.VOPRF:
      case Oprf.Mode.POPRF:
        proof = DLEQProof.deserialize(group.id, proofBytes, ...arg);
        break;
      default:
        assertNever("Oprf.Mode", mode);
    }
    return new _Evaluation(mode, evalList, proof);
  }
};
var EvaluationRequest = class _EvaluationRequest {
  constructor(blinded) {
    this.blinded = blinded;
  }
  serialize() {
    return joinAll(toU16LenPrefixClass(this.blinded));
  }
  isEqual(e) {
    return this.blinded.every((x, i) => x.isEqual(e.blinded[i]));
  }
  static deserialize(suite, bytes2, ...arg) {
    const g = getSuiteGroup(suite, arg);
    const { head: blindedList } = fromU16LenPrefixDes(g.eltDes, bytes2);
    return new _EvaluationRequest(blindedList);
  }
};
var FinalizeData = class _FinalizeData {
  constructor(inputs, blinds, evalReq) {
    this.inputs = inputs;
    this.blinds = blinds;
    this.evalReq = evalReq;
  }
  serialize() {
    return joinAll([
      ...toU16LenPrefixUint8Array(this.inputs),
      ...toU16LenPrefixClass(this.blinds),
      this.evalReq.serialize()
    ]);
  }
  isEqual(f) {
    return this.inputs.every((x, i) => x.toString() === f.inputs[i].toString()) && this.blinds.every((x, i) => x.isEqual(f.blinds[i])) && this.evalReq.isEqual(f.evalReq);
  }
  static deserialize(suite, bytes2, ...arg) {
    const g = getSuiteGroup(suite, arg);
    const { head: inputs, tail: t0 } = fromU16LenPrefixUint8Array(bytes2);
    const { head: blinds, tail: t1 } = fromU16LenPrefixDes(g.scalarDes, t0);
    const evalReq = EvaluationRequest.deserialize(suite, t1, ...arg);
    return new _FinalizeData(inputs, blinds, evalReq);
  }
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/buildSettings.js
var CRYPTO_PROVIDER_ARG_REQUIRED = false;
var DEFAULT_CRYPTO_PROVIDER = void 0;

// node_modules/@cloudflare/voprf-ts/lib/esm/src/cryptoImpl.js
var REQUIRED = CRYPTO_PROVIDER_ARG_REQUIRED;
var configured = DEFAULT_CRYPTO_PROVIDER;
function getCrypto(arg) {
  const [provider] = arg;
  if (!provider && REQUIRED) {
    throw new Error(`Undefined crypto arg`);
  }
  return provider ?? configured;
}
function getGroup(groupID, arg) {
  const provider = getCrypto(arg);
  return provider.Group.get(groupID);
}
function getSuiteGroup(suite, arg) {
  return getGroup(getOprfParams(suite)[1], arg);
}
function setCryptoProvider(provider) {
  configured = provider;
}
function getCryptoProvider() {
  return configured;
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/dleq.js
var LABELS2 = {
  Seed: "Seed-",
  Challenge: "Challenge",
  Composite: "Composite",
  HashToScalar: "HashToScalar-"
};
async function computeComposites(params, b, cd, key, ...arg) {
  const crypto3 = getCrypto(arg);
  const group = crypto3.Group.get(params.group);
  const te = new TextEncoder();
  const Bm = b.serialize();
  const seedDST = joinAll([te.encode(LABELS2.Seed), params.dst]);
  const h1Input = joinAll([...toU16LenPrefix(Bm), ...toU16LenPrefix(seedDST)]);
  const seed = await crypto3.hash(params.hash, h1Input);
  const compositeLabel = te.encode(LABELS2.Composite);
  const h2sDST = joinAll([te.encode(LABELS2.HashToScalar), params.dst]);
  let M = group.identity();
  let Z = group.identity();
  let i = 0;
  for (const [c, d] of cd) {
    const Ci = c.serialize();
    const Di = d.serialize();
    const h2Input = joinAll([
      ...toU16LenPrefix(seed),
      to16bits(i++),
      ...toU16LenPrefix(Ci),
      ...toU16LenPrefix(Di),
      compositeLabel
    ]);
    const di = await group.hashToScalar(h2Input, h2sDST);
    M = M.add(c.mul(di));
    if (!key) {
      Z = Z.add(d.mul(di));
    }
  }
  if (key) {
    Z = M.mul(key);
  }
  return { M, Z };
}
function challenge(group, params, points) {
  let h2Input = new Uint8Array();
  for (const p of points) {
    const P3 = p.serialize();
    h2Input = joinAll([h2Input, ...toU16LenPrefix(P3)]);
  }
  const te = new TextEncoder();
  h2Input = joinAll([h2Input, te.encode(LABELS2.Challenge)]);
  const h2sDST = joinAll([te.encode(LABELS2.HashToScalar), params.dst]);
  return group.hashToScalar(h2Input, h2sDST);
}
var DLEQProof = class _DLEQProof {
  constructor(c, s) {
    this.c = c;
    this.s = s;
  }
  isEqual(p) {
    return this.c.isEqual(p.c) && this.s.isEqual(p.s);
  }
  serialize() {
    return joinAll([this.c.serialize(), this.s.serialize()]);
  }
  static size(group) {
    return 2 * group.scalarSize();
  }
  static deserialize(groupID, bytes2, ...arg) {
    const group = getGroup(groupID, arg);
    checkSize(bytes2, _DLEQProof, group);
    const n = group.scalarSize();
    const c = group.desScalar(bytes2.subarray(0, n));
    const s = group.desScalar(bytes2.subarray(n, 2 * n));
    return new _DLEQProof(c, s);
  }
};
var DLEQVerifier = class {
  constructor(params, ...arg) {
    this.params = params;
    this.crypto = getCrypto(arg);
    this.group = this.crypto.Group.get(params.group);
  }
  verify(p0, p1, proof) {
    return this.verify_batch(p0, [p1], proof);
  }
  // verify_batch implements the VerifyProof function
  // from https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-voprf-21#name-discrete-logarithm-equivale
  // The argument p0 corresponds to the elements A, B, and the argument p1s
  // corresponds to the arrays of elements C and D from the specification.
  async verify_batch(p0, p1s, proof) {
    const { M, Z } = await computeComposites(this.params, p0[1], p1s, void 0, this.crypto);
    const t2 = p0[0].mul2(proof.s, p0[1], proof.c);
    const t3 = M.mul2(proof.s, Z, proof.c);
    const c = await challenge(this.group, this.params, [p0[1], M, Z, t2, t3]);
    return proof.c.isEqual(c);
  }
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/client.js
var baseClient = class extends Oprf {
  randomBlinder() {
    return this.group.randomScalar();
  }
  async blind(inputs) {
    const eltList = [];
    const blinds = [];
    for (const input of inputs) {
      const scalar = await this.randomBlinder();
      const inputElement = await this.group.hashToGroup(input, this.getDST(Oprf.LABELS.HashToGroupDST));
      if (inputElement.isIdentity()) {
        throw new Error("InvalidInputError");
      }
      eltList.push(inputElement.mul(scalar));
      blinds.push(scalar);
    }
    const evalReq = new EvaluationRequest(eltList);
    const finData = new FinalizeData(inputs, blinds, evalReq);
    return [finData, evalReq];
  }
  async doFinalize(finData, evaluation, info = new Uint8Array(0)) {
    const n = finData.inputs.length;
    if (finData.blinds.length !== n || evaluation.evaluated.length !== n) {
      throw new Error("mismatched lengths");
    }
    const outputList = [];
    for (let i = 0; i < n; i++) {
      const blindInv = finData.blinds[i].inv();
      const N = evaluation.evaluated[i].mul(blindInv);
      const unblinded = N.serialize();
      outputList.push(await this.coreFinalize(finData.inputs[i], unblinded, info));
    }
    return outputList;
  }
};
var VOPRFClient = class extends baseClient {
  constructor(suite, pubKeyServer, ...arg) {
    super(Oprf.Mode.VOPRF, suite, ...arg);
    this.pubKeyServer = pubKeyServer;
  }
  async finalize(finData, evaluation) {
    if (!evaluation.proof) {
      throw new Error("no proof provided");
    }
    const pkS = this.group.desElt(this.pubKeyServer);
    const n = finData.inputs.length;
    if (evaluation.evaluated.length !== n) {
      throw new Error("mismatched lengths");
    }
    const verifier = new DLEQVerifier(this.getDLEQParams(), this.crypto);
    if (!await verifier.verify_batch([this.group.generator(), pkS], zip(finData.evalReq.blinded, evaluation.evaluated), evaluation.proof)) {
      throw new Error("proof failed");
    }
    return super.doFinalize(finData, evaluation);
  }
};

// node_modules/@noble/curves/esm/abstract/utils.js
var utils_exports = {};
__export(utils_exports, {
  aInRange: () => aInRange,
  abool: () => abool,
  abytes: () => abytes,
  bitGet: () => bitGet,
  bitLen: () => bitLen,
  bitMask: () => bitMask,
  bitSet: () => bitSet,
  bytesToHex: () => bytesToHex,
  bytesToNumberBE: () => bytesToNumberBE,
  bytesToNumberLE: () => bytesToNumberLE,
  concatBytes: () => concatBytes,
  createHmacDrbg: () => createHmacDrbg,
  ensureBytes: () => ensureBytes,
  equalBytes: () => equalBytes,
  hexToBytes: () => hexToBytes,
  hexToNumber: () => hexToNumber,
  inRange: () => inRange,
  isBytes: () => isBytes,
  memoized: () => memoized,
  notImplemented: () => notImplemented,
  numberToBytesBE: () => numberToBytesBE,
  numberToBytesLE: () => numberToBytesLE,
  numberToHexUnpadded: () => numberToHexUnpadded,
  numberToVarBytesBE: () => numberToVarBytesBE,
  utf8ToBytes: () => utf8ToBytes,
  validateObject: () => validateObject
});
var _0n = /* @__PURE__ */ BigInt(0);
var _1n = /* @__PURE__ */ BigInt(1);
var _2n = /* @__PURE__ */ BigInt(2);
function isBytes(a) {
  return a instanceof Uint8Array || a != null && typeof a === "object" && a.constructor.name === "Uint8Array";
}
function abytes(item) {
  if (!isBytes(item))
    throw new Error("Uint8Array expected");
}
function abool(title, value) {
  if (typeof value !== "boolean")
    throw new Error(`${title} must be valid boolean, got "${value}".`);
}
var hexes = /* @__PURE__ */ Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
function bytesToHex(bytes2) {
  abytes(bytes2);
  let hex = "";
  for (let i = 0; i < bytes2.length; i++) {
    hex += hexes[bytes2[i]];
  }
  return hex;
}
function numberToHexUnpadded(num) {
  const hex = num.toString(16);
  return hex.length & 1 ? `0${hex}` : hex;
}
function hexToNumber(hex) {
  if (typeof hex !== "string")
    throw new Error("hex string expected, got " + typeof hex);
  return BigInt(hex === "" ? "0" : `0x${hex}`);
}
var asciis = { _0: 48, _9: 57, _A: 65, _F: 70, _a: 97, _f: 102 };
function asciiToBase16(char) {
  if (char >= asciis._0 && char <= asciis._9)
    return char - asciis._0;
  if (char >= asciis._A && char <= asciis._F)
    return char - (asciis._A - 10);
  if (char >= asciis._a && char <= asciis._f)
    return char - (asciis._a - 10);
  return;
}
function hexToBytes(hex) {
  if (typeof hex !== "string")
    throw new Error("hex string expected, got " + typeof hex);
  const hl = hex.length;
  const al = hl / 2;
  if (hl % 2)
    throw new Error("padded hex string expected, got unpadded hex of length " + hl);
  const array = new Uint8Array(al);
  for (let ai = 0, hi = 0; ai < al; ai++, hi += 2) {
    const n1 = asciiToBase16(hex.charCodeAt(hi));
    const n2 = asciiToBase16(hex.charCodeAt(hi + 1));
    if (n1 === void 0 || n2 === void 0) {
      const char = hex[hi] + hex[hi + 1];
      throw new Error('hex string expected, got non-hex character "' + char + '" at index ' + hi);
    }
    array[ai] = n1 * 16 + n2;
  }
  return array;
}
function bytesToNumberBE(bytes2) {
  return hexToNumber(bytesToHex(bytes2));
}
function bytesToNumberLE(bytes2) {
  abytes(bytes2);
  return hexToNumber(bytesToHex(Uint8Array.from(bytes2).reverse()));
}
function numberToBytesBE(n, len) {
  return hexToBytes(n.toString(16).padStart(len * 2, "0"));
}
function numberToBytesLE(n, len) {
  return numberToBytesBE(n, len).reverse();
}
function numberToVarBytesBE(n) {
  return hexToBytes(numberToHexUnpadded(n));
}
function ensureBytes(title, hex, expectedLength) {
  let res;
  if (typeof hex === "string") {
    try {
      res = hexToBytes(hex);
    } catch (e) {
      throw new Error(`${title} must be valid hex string, got "${hex}". Cause: ${e}`);
    }
  } else if (isBytes(hex)) {
    res = Uint8Array.from(hex);
  } else {
    throw new Error(`${title} must be hex string or Uint8Array`);
  }
  const len = res.length;
  if (typeof expectedLength === "number" && len !== expectedLength)
    throw new Error(`${title} expected ${expectedLength} bytes, got ${len}`);
  return res;
}
function concatBytes(...arrays) {
  let sum = 0;
  for (let i = 0; i < arrays.length; i++) {
    const a = arrays[i];
    abytes(a);
    sum += a.length;
  }
  const res = new Uint8Array(sum);
  for (let i = 0, pad = 0; i < arrays.length; i++) {
    const a = arrays[i];
    res.set(a, pad);
    pad += a.length;
  }
  return res;
}
function equalBytes(a, b) {
  if (a.length !== b.length)
    return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++)
    diff |= a[i] ^ b[i];
  return diff === 0;
}
function utf8ToBytes(str) {
  if (typeof str !== "string")
    throw new Error(`utf8ToBytes expected string, got ${typeof str}`);
  return new Uint8Array(new TextEncoder().encode(str));
}
var isPosBig = (n) => typeof n === "bigint" && _0n <= n;
function inRange(n, min, max) {
  return isPosBig(n) && isPosBig(min) && isPosBig(max) && min <= n && n < max;
}
function aInRange(title, n, min, max) {
  if (!inRange(n, min, max))
    throw new Error(`expected valid ${title}: ${min} <= n < ${max}, got ${typeof n} ${n}`);
}
function bitLen(n) {
  let len;
  for (len = 0; n > _0n; n >>= _1n, len += 1)
    ;
  return len;
}
function bitGet(n, pos) {
  return n >> BigInt(pos) & _1n;
}
function bitSet(n, pos, value) {
  return n | (value ? _1n : _0n) << BigInt(pos);
}
var bitMask = (n) => (_2n << BigInt(n - 1)) - _1n;
var u8n = (data) => new Uint8Array(data);
var u8fr = (arr) => Uint8Array.from(arr);
function createHmacDrbg(hashLen, qByteLen, hmacFn) {
  if (typeof hashLen !== "number" || hashLen < 2)
    throw new Error("hashLen must be a number");
  if (typeof qByteLen !== "number" || qByteLen < 2)
    throw new Error("qByteLen must be a number");
  if (typeof hmacFn !== "function")
    throw new Error("hmacFn must be a function");
  let v = u8n(hashLen);
  let k = u8n(hashLen);
  let i = 0;
  const reset = () => {
    v.fill(1);
    k.fill(0);
    i = 0;
  };
  const h = (...b) => hmacFn(k, v, ...b);
  const reseed = (seed = u8n()) => {
    k = h(u8fr([0]), seed);
    v = h();
    if (seed.length === 0)
      return;
    k = h(u8fr([1]), seed);
    v = h();
  };
  const gen2 = () => {
    if (i++ >= 1e3)
      throw new Error("drbg: tried 1000 values");
    let len = 0;
    const out = [];
    while (len < qByteLen) {
      v = h();
      const sl = v.slice();
      out.push(sl);
      len += v.length;
    }
    return concatBytes(...out);
  };
  const genUntil = (seed, pred) => {
    reset();
    reseed(seed);
    let res = void 0;
    while (!(res = pred(gen2())))
      reseed();
    reset();
    return res;
  };
  return genUntil;
}
var validatorFns = {
  bigint: (val) => typeof val === "bigint",
  function: (val) => typeof val === "function",
  boolean: (val) => typeof val === "boolean",
  string: (val) => typeof val === "string",
  stringOrUint8Array: (val) => typeof val === "string" || isBytes(val),
  isSafeInteger: (val) => Number.isSafeInteger(val),
  array: (val) => Array.isArray(val),
  field: (val, object) => object.Fp.isValid(val),
  hash: (val) => typeof val === "function" && Number.isSafeInteger(val.outputLen)
};
function validateObject(object, validators, optValidators = {}) {
  const checkField = (fieldName, type, isOptional) => {
    const checkVal = validatorFns[type];
    if (typeof checkVal !== "function")
      throw new Error(`Invalid validator "${type}", expected function`);
    const val = object[fieldName];
    if (isOptional && val === void 0)
      return;
    if (!checkVal(val, object)) {
      throw new Error(`Invalid param ${String(fieldName)}=${val} (${typeof val}), expected ${type}`);
    }
  };
  for (const [fieldName, type] of Object.entries(validators))
    checkField(fieldName, type, false);
  for (const [fieldName, type] of Object.entries(optValidators))
    checkField(fieldName, type, true);
  return object;
}
var notImplemented = () => {
  throw new Error("not implemented");
};
function memoized(fn) {
  const map = /* @__PURE__ */ new WeakMap();
  return (arg, ...args) => {
    const val = map.get(arg);
    if (val !== void 0)
      return val;
    const computed = fn(arg, ...args);
    map.set(arg, computed);
    return computed;
  };
}

// node_modules/@noble/curves/esm/abstract/modular.js
var _0n2 = BigInt(0);
var _1n2 = BigInt(1);
var _2n2 = BigInt(2);
var _3n = BigInt(3);
var _4n = BigInt(4);
var _5n = BigInt(5);
var _8n = BigInt(8);
var _9n = BigInt(9);
var _16n = BigInt(16);
function mod(a, b) {
  const result = a % b;
  return result >= _0n2 ? result : b + result;
}
function pow(num, power, modulo) {
  if (modulo <= _0n2 || power < _0n2)
    throw new Error("Expected power/modulo > 0");
  if (modulo === _1n2)
    return _0n2;
  let res = _1n2;
  while (power > _0n2) {
    if (power & _1n2)
      res = res * num % modulo;
    num = num * num % modulo;
    power >>= _1n2;
  }
  return res;
}
function pow2(x, power, modulo) {
  let res = x;
  while (power-- > _0n2) {
    res *= res;
    res %= modulo;
  }
  return res;
}
function invert(number2, modulo) {
  if (number2 === _0n2 || modulo <= _0n2) {
    throw new Error(`invert: expected positive integers, got n=${number2} mod=${modulo}`);
  }
  let a = mod(number2, modulo);
  let b = modulo;
  let x = _0n2, y = _1n2, u = _1n2, v = _0n2;
  while (a !== _0n2) {
    const q = b / a;
    const r = b % a;
    const m = x - u * q;
    const n = y - v * q;
    b = a, a = r, x = u, y = v, u = m, v = n;
  }
  const gcd = b;
  if (gcd !== _1n2)
    throw new Error("invert: does not exist");
  return mod(x, modulo);
}
function tonelliShanks(P3) {
  const legendreC = (P3 - _1n2) / _2n2;
  let Q, S, Z;
  for (Q = P3 - _1n2, S = 0; Q % _2n2 === _0n2; Q /= _2n2, S++)
    ;
  for (Z = _2n2; Z < P3 && pow(Z, legendreC, P3) !== P3 - _1n2; Z++)
    ;
  if (S === 1) {
    const p1div4 = (P3 + _1n2) / _4n;
    return function tonelliFast(Fp6, n) {
      const root = Fp6.pow(n, p1div4);
      if (!Fp6.eql(Fp6.sqr(root), n))
        throw new Error("Cannot find square root");
      return root;
    };
  }
  const Q1div2 = (Q + _1n2) / _2n2;
  return function tonelliSlow(Fp6, n) {
    if (Fp6.pow(n, legendreC) === Fp6.neg(Fp6.ONE))
      throw new Error("Cannot find square root");
    let r = S;
    let g = Fp6.pow(Fp6.mul(Fp6.ONE, Z), Q);
    let x = Fp6.pow(n, Q1div2);
    let b = Fp6.pow(n, Q);
    while (!Fp6.eql(b, Fp6.ONE)) {
      if (Fp6.eql(b, Fp6.ZERO))
        return Fp6.ZERO;
      let m = 1;
      for (let t2 = Fp6.sqr(b); m < r; m++) {
        if (Fp6.eql(t2, Fp6.ONE))
          break;
        t2 = Fp6.sqr(t2);
      }
      const ge = Fp6.pow(g, _1n2 << BigInt(r - m - 1));
      g = Fp6.sqr(ge);
      x = Fp6.mul(x, ge);
      b = Fp6.mul(b, g);
      r = m;
    }
    return x;
  };
}
function FpSqrt(P3) {
  if (P3 % _4n === _3n) {
    const p1div4 = (P3 + _1n2) / _4n;
    return function sqrt3mod4(Fp6, n) {
      const root = Fp6.pow(n, p1div4);
      if (!Fp6.eql(Fp6.sqr(root), n))
        throw new Error("Cannot find square root");
      return root;
    };
  }
  if (P3 % _8n === _5n) {
    const c1 = (P3 - _5n) / _8n;
    return function sqrt5mod8(Fp6, n) {
      const n2 = Fp6.mul(n, _2n2);
      const v = Fp6.pow(n2, c1);
      const nv = Fp6.mul(n, v);
      const i = Fp6.mul(Fp6.mul(nv, _2n2), v);
      const root = Fp6.mul(nv, Fp6.sub(i, Fp6.ONE));
      if (!Fp6.eql(Fp6.sqr(root), n))
        throw new Error("Cannot find square root");
      return root;
    };
  }
  if (P3 % _16n === _9n) {
  }
  return tonelliShanks(P3);
}
var isNegativeLE = (num, modulo) => (mod(num, modulo) & _1n2) === _1n2;
var FIELD_FIELDS = [
  "create",
  "isValid",
  "is0",
  "neg",
  "inv",
  "sqrt",
  "sqr",
  "eql",
  "add",
  "sub",
  "mul",
  "pow",
  "div",
  "addN",
  "subN",
  "mulN",
  "sqrN"
];
function validateField(field) {
  const initial = {
    ORDER: "bigint",
    MASK: "bigint",
    BYTES: "isSafeInteger",
    BITS: "isSafeInteger"
  };
  const opts = FIELD_FIELDS.reduce((map, val) => {
    map[val] = "function";
    return map;
  }, initial);
  return validateObject(field, opts);
}
function FpPow(f, num, power) {
  if (power < _0n2)
    throw new Error("Expected power > 0");
  if (power === _0n2)
    return f.ONE;
  if (power === _1n2)
    return num;
  let p = f.ONE;
  let d = num;
  while (power > _0n2) {
    if (power & _1n2)
      p = f.mul(p, d);
    d = f.sqr(d);
    power >>= _1n2;
  }
  return p;
}
function FpInvertBatch(f, nums) {
  const tmp = new Array(nums.length);
  const lastMultiplied = nums.reduce((acc, num, i) => {
    if (f.is0(num))
      return acc;
    tmp[i] = acc;
    return f.mul(acc, num);
  }, f.ONE);
  const inverted = f.inv(lastMultiplied);
  nums.reduceRight((acc, num, i) => {
    if (f.is0(num))
      return acc;
    tmp[i] = f.mul(acc, tmp[i]);
    return f.mul(acc, num);
  }, inverted);
  return tmp;
}
function nLength(n, nBitLength) {
  const _nBitLength = nBitLength !== void 0 ? nBitLength : n.toString(2).length;
  const nByteLength = Math.ceil(_nBitLength / 8);
  return { nBitLength: _nBitLength, nByteLength };
}
function Field(ORDER, bitLen2, isLE2 = false, redef = {}) {
  if (ORDER <= _0n2)
    throw new Error(`Expected Field ORDER > 0, got ${ORDER}`);
  const { nBitLength: BITS, nByteLength: BYTES } = nLength(ORDER, bitLen2);
  if (BYTES > 2048)
    throw new Error("Field lengths over 2048 bytes are not supported");
  const sqrtP = FpSqrt(ORDER);
  const f = Object.freeze({
    ORDER,
    BITS,
    BYTES,
    MASK: bitMask(BITS),
    ZERO: _0n2,
    ONE: _1n2,
    create: (num) => mod(num, ORDER),
    isValid: (num) => {
      if (typeof num !== "bigint")
        throw new Error(`Invalid field element: expected bigint, got ${typeof num}`);
      return _0n2 <= num && num < ORDER;
    },
    is0: (num) => num === _0n2,
    isOdd: (num) => (num & _1n2) === _1n2,
    neg: (num) => mod(-num, ORDER),
    eql: (lhs, rhs) => lhs === rhs,
    sqr: (num) => mod(num * num, ORDER),
    add: (lhs, rhs) => mod(lhs + rhs, ORDER),
    sub: (lhs, rhs) => mod(lhs - rhs, ORDER),
    mul: (lhs, rhs) => mod(lhs * rhs, ORDER),
    pow: (num, power) => FpPow(f, num, power),
    div: (lhs, rhs) => mod(lhs * invert(rhs, ORDER), ORDER),
    // Same as above, but doesn't normalize
    sqrN: (num) => num * num,
    addN: (lhs, rhs) => lhs + rhs,
    subN: (lhs, rhs) => lhs - rhs,
    mulN: (lhs, rhs) => lhs * rhs,
    inv: (num) => invert(num, ORDER),
    sqrt: redef.sqrt || ((n) => sqrtP(f, n)),
    invertBatch: (lst) => FpInvertBatch(f, lst),
    // TODO: do we really need constant cmov?
    // We don't have const-time bigints anyway, so probably will be not very useful
    cmov: (a, b, c) => c ? b : a,
    toBytes: (num) => isLE2 ? numberToBytesLE(num, BYTES) : numberToBytesBE(num, BYTES),
    fromBytes: (bytes2) => {
      if (bytes2.length !== BYTES)
        throw new Error(`Fp.fromBytes: expected ${BYTES}, got ${bytes2.length}`);
      return isLE2 ? bytesToNumberLE(bytes2) : bytesToNumberBE(bytes2);
    }
  });
  return Object.freeze(f);
}
function getFieldBytesLength(fieldOrder) {
  if (typeof fieldOrder !== "bigint")
    throw new Error("field order must be bigint");
  const bitLength = fieldOrder.toString(2).length;
  return Math.ceil(bitLength / 8);
}
function getMinHashLength(fieldOrder) {
  const length = getFieldBytesLength(fieldOrder);
  return length + Math.ceil(length / 2);
}
function mapHashToField(key, fieldOrder, isLE2 = false) {
  const len = key.length;
  const fieldLen = getFieldBytesLength(fieldOrder);
  const minLen = getMinHashLength(fieldOrder);
  if (len < 16 || len < minLen || len > 1024)
    throw new Error(`expected ${minLen}-1024 bytes of input, got ${len}`);
  const num = isLE2 ? bytesToNumberBE(key) : bytesToNumberLE(key);
  const reduced = mod(num, fieldOrder - _1n2) + _1n2;
  return isLE2 ? numberToBytesLE(reduced, fieldLen) : numberToBytesBE(reduced, fieldLen);
}

// node_modules/@noble/curves/esm/abstract/hash-to-curve.js
var os2ip = bytesToNumberBE;
function i2osp(value, length) {
  if (value < 0 || value >= 1 << 8 * length) {
    throw new Error(`bad I2OSP call: value=${value} length=${length}`);
  }
  const res = Array.from({ length }).fill(0);
  for (let i = length - 1; i >= 0; i--) {
    res[i] = value & 255;
    value >>>= 8;
  }
  return new Uint8Array(res);
}
function strxor(a, b) {
  const arr = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) {
    arr[i] = a[i] ^ b[i];
  }
  return arr;
}
function anum(item) {
  if (!Number.isSafeInteger(item))
    throw new Error("number expected");
}
function expand_message_xmd(msg, DST, lenInBytes, H) {
  abytes(msg);
  abytes(DST);
  anum(lenInBytes);
  if (DST.length > 255)
    DST = H(concatBytes(utf8ToBytes("H2C-OVERSIZE-DST-"), DST));
  const { outputLen: b_in_bytes, blockLen: r_in_bytes } = H;
  const ell = Math.ceil(lenInBytes / b_in_bytes);
  if (ell > 255)
    throw new Error("Invalid xmd length");
  const DST_prime = concatBytes(DST, i2osp(DST.length, 1));
  const Z_pad = i2osp(0, r_in_bytes);
  const l_i_b_str = i2osp(lenInBytes, 2);
  const b = new Array(ell);
  const b_0 = H(concatBytes(Z_pad, msg, l_i_b_str, i2osp(0, 1), DST_prime));
  b[0] = H(concatBytes(b_0, i2osp(1, 1), DST_prime));
  for (let i = 1; i <= ell; i++) {
    const args = [strxor(b_0, b[i - 1]), i2osp(i + 1, 1), DST_prime];
    b[i] = H(concatBytes(...args));
  }
  const pseudo_random_bytes = concatBytes(...b);
  return pseudo_random_bytes.slice(0, lenInBytes);
}
function expand_message_xof(msg, DST, lenInBytes, k, H) {
  abytes(msg);
  abytes(DST);
  anum(lenInBytes);
  if (DST.length > 255) {
    const dkLen = Math.ceil(2 * k / 8);
    DST = H.create({ dkLen }).update(utf8ToBytes("H2C-OVERSIZE-DST-")).update(DST).digest();
  }
  if (lenInBytes > 65535 || DST.length > 255)
    throw new Error("expand_message_xof: invalid lenInBytes");
  return H.create({ dkLen: lenInBytes }).update(msg).update(i2osp(lenInBytes, 2)).update(DST).update(i2osp(DST.length, 1)).digest();
}
function hash_to_field(msg, count, options) {
  validateObject(options, {
    DST: "stringOrUint8Array",
    p: "bigint",
    m: "isSafeInteger",
    k: "isSafeInteger",
    hash: "hash"
  });
  const { p, k, m, hash: hash2, expand, DST: _DST } = options;
  abytes(msg);
  anum(count);
  const DST = typeof _DST === "string" ? utf8ToBytes(_DST) : _DST;
  const log2p = p.toString(2).length;
  const L = Math.ceil((log2p + k) / 8);
  const len_in_bytes = count * m * L;
  let prb;
  if (expand === "xmd") {
    prb = expand_message_xmd(msg, DST, len_in_bytes, hash2);
  } else if (expand === "xof") {
    prb = expand_message_xof(msg, DST, len_in_bytes, k, hash2);
  } else if (expand === "_internal_pass") {
    prb = msg;
  } else {
    throw new Error('expand must be "xmd" or "xof"');
  }
  const u = new Array(count);
  for (let i = 0; i < count; i++) {
    const e = new Array(m);
    for (let j = 0; j < m; j++) {
      const elm_offset = L * (j + i * m);
      const tv = prb.subarray(elm_offset, elm_offset + L);
      e[j] = mod(os2ip(tv), p);
    }
    u[i] = e;
  }
  return u;
}
function createHasher(Point, mapToCurve, def) {
  if (typeof mapToCurve !== "function")
    throw new Error("mapToCurve() must be defined");
  return {
    // Encodes byte string to elliptic curve.
    // hash_to_curve from https://www.rfc-editor.org/rfc/rfc9380#section-3
    hashToCurve(msg, options) {
      const u = hash_to_field(msg, 2, { ...def, DST: def.DST, ...options });
      const u0 = Point.fromAffine(mapToCurve(u[0]));
      const u1 = Point.fromAffine(mapToCurve(u[1]));
      const P3 = u0.add(u1).clearCofactor();
      P3.assertValidity();
      return P3;
    },
    // Encodes byte string to elliptic curve.
    // encode_to_curve from https://www.rfc-editor.org/rfc/rfc9380#section-3
    encodeToCurve(msg, options) {
      const u = hash_to_field(msg, 1, { ...def, DST: def.encodeDST, ...options });
      const P3 = Point.fromAffine(mapToCurve(u[0])).clearCofactor();
      P3.assertValidity();
      return P3;
    },
    // Same as encodeToCurve, but without hash
    mapToCurve(scalars) {
      if (!Array.isArray(scalars))
        throw new Error("mapToCurve: expected array of bigints");
      for (const i of scalars)
        if (typeof i !== "bigint")
          throw new Error(`mapToCurve: expected array of bigints, got ${i} in array`);
      const P3 = Point.fromAffine(mapToCurve(scalars)).clearCofactor();
      P3.assertValidity();
      return P3;
    }
  };
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/scalar.js
var ScalarNb = class _ScalarNb {
  constructor(g, k) {
    this.g = g;
    this.field = this.g.params.scalar.field;
    this.k = this.field.create(k);
  }
  static create(g) {
    return new _ScalarNb(g, BigInt(0));
  }
  isEqual(s) {
    compat(this, s);
    return this.k === s.k;
  }
  isZero() {
    return this.k === BigInt(0);
  }
  add(s) {
    compat(this, s);
    return new _ScalarNb(this.g, this.field.add(this.k, s.k));
  }
  sub(s) {
    compat(this, s);
    return new _ScalarNb(this.g, this.field.sub(this.k, s.k));
  }
  mul(s) {
    compat(this, s);
    return new _ScalarNb(this.g, this.field.mul(this.k, s.k));
  }
  inv() {
    return new _ScalarNb(this.g, this.field.inv(this.k));
  }
  serialize() {
    return this.field.toBytes(this.k);
  }
  static size(g) {
    return g.params.scalar.size;
  }
  static deserialize(g, bytes2) {
    checkSize(bytes2, _ScalarNb, g);
    const array = bytes2.subarray(0, g.params.scalar.size);
    const k = g.bytesToNumber(array);
    if (k >= g.params.scalar.field.ORDER) {
      throw errDeserialization(_ScalarNb);
    }
    return new _ScalarNb(g, k);
  }
  static hash(g, msg, dst) {
    const { scalar, hash: hash2 } = g.params;
    if (scalar.hash.type === "hash_to_field") {
      const [[k]] = hash_to_field(msg, 1, {
        ...{ hash: hash2.fn },
        ...scalar.hash.params,
        DST: dst,
        m: 1
      });
      return new _ScalarNb(g, k);
    } else {
      const uniform = scalar.hash.type === "xmd" ? expand_message_xmd(msg, dst, hash2.size, hash2.fn) : expand_message_xof(msg, dst, hash2.size, scalar.hash.k, hash2.fn);
      const k1 = scalar.field.create(g.bytesToNumber(uniform));
      return new _ScalarNb(g, k1);
    }
  }
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/element.js
var EltNb = class _EltNb {
  constructor(g, p) {
    this.g = g;
    this.p = p;
    this.Point = g.params.element.Point;
  }
  static create(g) {
    return new _EltNb(g, g.params.element.Point.ZERO);
  }
  static gen(g) {
    return new _EltNb(g, g.params.element.Point.BASE);
  }
  isIdentity() {
    return this.p.equals(this.Point.ZERO);
  }
  isEqual(a) {
    compat(this, a);
    return this.p.equals(a.p);
  }
  neg() {
    if (typeof this.p.negate === "undefined") {
      throw new Error(`Point doesn't implement negate`);
    } else {
      return new _EltNb(this.g, this.p.negate());
    }
  }
  add(a) {
    compat(this, a);
    return new _EltNb(this.g, this.p.add(a.p));
  }
  mul(s) {
    compat(this, s);
    return new _EltNb(this.g, this.p.multiply(s.k));
  }
  mul2(k1, a, k2) {
    compat(this, k1);
    compat(this, k2);
    compat(this, a);
    if (this.p.multiplyAndAddUnsafe) {
      const zero = this.Point.ZERO;
      const el = this.p.multiplyAndAddUnsafe(a.p, k1.k, k2.k) ?? zero;
      return new _EltNb(this.g, el);
    } else {
      const term1 = this.p.multiply(k1.k);
      const term2 = a.p.multiply(k2.k);
      const sum = term1.add(term2);
      return new _EltNb(this.g, sum);
    }
  }
  serialize(compressed = true) {
    if (!this.g.params.isEdwards && this.isIdentity()) {
      return Uint8Array.from([0]);
    }
    return this.p.toRawBytes(compressed);
  }
  // size returns the number of bytes of a non-zero element in compressed or uncompressed form.
  static size(g, compressed = true) {
    const size = g.params.element.size;
    return compressed ? size.compressed : size.standard;
  }
  static deser(g, bytes2) {
    const point = g.params.element.Point.fromHex(bytes2);
    point.assertValidity?.();
    return new _EltNb(g, point);
  }
  // Deserializes an element, handles both compressed and uncompressed forms.
  static deserialize(g, bytes2) {
    const { element: { size }, isEdwards } = g.params;
    const len = bytes2.length;
    const tag = bytes2[0];
    switch (true) {
      case (isEdwards && len === size.standard):
        return _EltNb.deser(g, bytes2);
      case (isEdwards && len !== size.standard):
        throw errDeserialization(_EltNb);
      case (len === 1 && tag === 0):
        return g.identity();
      case (len === size.compressed && (tag === 2 || tag === 3)):
      case (len === size.standard && tag === 4):
        return _EltNb.deser(g, bytes2);
      default:
        throw errDeserialization(_EltNb);
    }
  }
  static hash(g, msg, dst) {
    const h2c = g.params.element.hash;
    const p = h2c(msg, { DST: dst });
    return new _EltNb(g, p);
  }
};

// node_modules/@noble/hashes/esm/_assert.js
function number(n) {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new Error(`positive integer expected, not ${n}`);
}
function isBytes2(a) {
  return a instanceof Uint8Array || a != null && typeof a === "object" && a.constructor.name === "Uint8Array";
}
function bytes(b, ...lengths) {
  if (!isBytes2(b))
    throw new Error("Uint8Array expected");
  if (lengths.length > 0 && !lengths.includes(b.length))
    throw new Error(`Uint8Array expected of length ${lengths}, not of length=${b.length}`);
}
function hash(h) {
  if (typeof h !== "function" || typeof h.create !== "function")
    throw new Error("Hash should be wrapped by utils.wrapConstructor");
  number(h.outputLen);
  number(h.blockLen);
}
function exists(instance, checkFinished = true) {
  if (instance.destroyed)
    throw new Error("Hash instance has been destroyed");
  if (checkFinished && instance.finished)
    throw new Error("Hash#digest() has already been called");
}
function output(out, instance) {
  bytes(out);
  const min = instance.outputLen;
  if (out.length < min) {
    throw new Error(`digestInto() expects output buffer of length at least ${min}`);
  }
}

// node_modules/@noble/hashes/esm/crypto.js
var crypto2 = typeof globalThis === "object" && "crypto" in globalThis ? globalThis.crypto : void 0;

// node_modules/@noble/hashes/esm/utils.js
var u32 = (arr) => new Uint32Array(arr.buffer, arr.byteOffset, Math.floor(arr.byteLength / 4));
var createView = (arr) => new DataView(arr.buffer, arr.byteOffset, arr.byteLength);
var rotr = (word, shift) => word << 32 - shift | word >>> shift;
var isLE = new Uint8Array(new Uint32Array([287454020]).buffer)[0] === 68;
var byteSwap = (word) => word << 24 & 4278190080 | word << 8 & 16711680 | word >>> 8 & 65280 | word >>> 24 & 255;
function byteSwap32(arr) {
  for (let i = 0; i < arr.length; i++) {
    arr[i] = byteSwap(arr[i]);
  }
}
function utf8ToBytes2(str) {
  if (typeof str !== "string")
    throw new Error(`utf8ToBytes expected string, got ${typeof str}`);
  return new Uint8Array(new TextEncoder().encode(str));
}
function toBytes(data) {
  if (typeof data === "string")
    data = utf8ToBytes2(data);
  bytes(data);
  return data;
}
function concatBytes2(...arrays) {
  let sum = 0;
  for (let i = 0; i < arrays.length; i++) {
    const a = arrays[i];
    bytes(a);
    sum += a.length;
  }
  const res = new Uint8Array(sum);
  for (let i = 0, pad = 0; i < arrays.length; i++) {
    const a = arrays[i];
    res.set(a, pad);
    pad += a.length;
  }
  return res;
}
var Hash = class {
  // Safe version that clones internal state
  clone() {
    return this._cloneInto();
  }
};
var toStr = {}.toString;
function wrapConstructor(hashCons) {
  const hashC = (msg) => hashCons().update(toBytes(msg)).digest();
  const tmp = hashCons();
  hashC.outputLen = tmp.outputLen;
  hashC.blockLen = tmp.blockLen;
  hashC.create = () => hashCons();
  return hashC;
}
function wrapXOFConstructorWithOpts(hashCons) {
  const hashC = (msg, opts) => hashCons(opts).update(toBytes(msg)).digest();
  const tmp = hashCons({});
  hashC.outputLen = tmp.outputLen;
  hashC.blockLen = tmp.blockLen;
  hashC.create = (opts) => hashCons(opts);
  return hashC;
}
function randomBytes(bytesLength = 32) {
  if (crypto2 && typeof crypto2.getRandomValues === "function") {
    return crypto2.getRandomValues(new Uint8Array(bytesLength));
  }
  throw new Error("crypto.getRandomValues must be defined");
}

// node_modules/@noble/hashes/esm/_md.js
function setBigUint64(view, byteOffset, value, isLE2) {
  if (typeof view.setBigUint64 === "function")
    return view.setBigUint64(byteOffset, value, isLE2);
  const _32n2 = BigInt(32);
  const _u32_max = BigInt(4294967295);
  const wh = Number(value >> _32n2 & _u32_max);
  const wl = Number(value & _u32_max);
  const h = isLE2 ? 4 : 0;
  const l = isLE2 ? 0 : 4;
  view.setUint32(byteOffset + h, wh, isLE2);
  view.setUint32(byteOffset + l, wl, isLE2);
}
var Chi = (a, b, c) => a & b ^ ~a & c;
var Maj = (a, b, c) => a & b ^ a & c ^ b & c;
var HashMD = class extends Hash {
  constructor(blockLen, outputLen, padOffset, isLE2) {
    super();
    this.blockLen = blockLen;
    this.outputLen = outputLen;
    this.padOffset = padOffset;
    this.isLE = isLE2;
    this.finished = false;
    this.length = 0;
    this.pos = 0;
    this.destroyed = false;
    this.buffer = new Uint8Array(blockLen);
    this.view = createView(this.buffer);
  }
  update(data) {
    exists(this);
    const { view, buffer, blockLen } = this;
    data = toBytes(data);
    const len = data.length;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      if (take === blockLen) {
        const dataView = createView(data);
        for (; blockLen <= len - pos; pos += blockLen)
          this.process(dataView, pos);
        continue;
      }
      buffer.set(data.subarray(pos, pos + take), this.pos);
      this.pos += take;
      pos += take;
      if (this.pos === blockLen) {
        this.process(view, 0);
        this.pos = 0;
      }
    }
    this.length += data.length;
    this.roundClean();
    return this;
  }
  digestInto(out) {
    exists(this);
    output(out, this);
    this.finished = true;
    const { buffer, view, blockLen, isLE: isLE2 } = this;
    let { pos } = this;
    buffer[pos++] = 128;
    this.buffer.subarray(pos).fill(0);
    if (this.padOffset > blockLen - pos) {
      this.process(view, 0);
      pos = 0;
    }
    for (let i = pos; i < blockLen; i++)
      buffer[i] = 0;
    setBigUint64(view, blockLen - 8, BigInt(this.length * 8), isLE2);
    this.process(view, 0);
    const oview = createView(out);
    const len = this.outputLen;
    if (len % 4)
      throw new Error("_sha2: outputLen should be aligned to 32bit");
    const outLen = len / 4;
    const state = this.get();
    if (outLen > state.length)
      throw new Error("_sha2: outputLen bigger than state");
    for (let i = 0; i < outLen; i++)
      oview.setUint32(4 * i, state[i], isLE2);
  }
  digest() {
    const { buffer, outputLen } = this;
    this.digestInto(buffer);
    const res = buffer.slice(0, outputLen);
    this.destroy();
    return res;
  }
  _cloneInto(to) {
    to || (to = new this.constructor());
    to.set(...this.get());
    const { blockLen, buffer, length, finished, destroyed, pos } = this;
    to.length = length;
    to.pos = pos;
    to.finished = finished;
    to.destroyed = destroyed;
    if (length % blockLen)
      to.buffer.set(buffer);
    return to;
  }
};

// node_modules/@noble/hashes/esm/sha256.js
var SHA256_K = /* @__PURE__ */ new Uint32Array([
  1116352408,
  1899447441,
  3049323471,
  3921009573,
  961987163,
  1508970993,
  2453635748,
  2870763221,
  3624381080,
  310598401,
  607225278,
  1426881987,
  1925078388,
  2162078206,
  2614888103,
  3248222580,
  3835390401,
  4022224774,
  264347078,
  604807628,
  770255983,
  1249150122,
  1555081692,
  1996064986,
  2554220882,
  2821834349,
  2952996808,
  3210313671,
  3336571891,
  3584528711,
  113926993,
  338241895,
  666307205,
  773529912,
  1294757372,
  1396182291,
  1695183700,
  1986661051,
  2177026350,
  2456956037,
  2730485921,
  2820302411,
  3259730800,
  3345764771,
  3516065817,
  3600352804,
  4094571909,
  275423344,
  430227734,
  506948616,
  659060556,
  883997877,
  958139571,
  1322822218,
  1537002063,
  1747873779,
  1955562222,
  2024104815,
  2227730452,
  2361852424,
  2428436474,
  2756734187,
  3204031479,
  3329325298
]);
var SHA256_IV = /* @__PURE__ */ new Uint32Array([
  1779033703,
  3144134277,
  1013904242,
  2773480762,
  1359893119,
  2600822924,
  528734635,
  1541459225
]);
var SHA256_W = /* @__PURE__ */ new Uint32Array(64);
var SHA256 = class extends HashMD {
  constructor() {
    super(64, 32, 8, false);
    this.A = SHA256_IV[0] | 0;
    this.B = SHA256_IV[1] | 0;
    this.C = SHA256_IV[2] | 0;
    this.D = SHA256_IV[3] | 0;
    this.E = SHA256_IV[4] | 0;
    this.F = SHA256_IV[5] | 0;
    this.G = SHA256_IV[6] | 0;
    this.H = SHA256_IV[7] | 0;
  }
  get() {
    const { A, B, C, D, E, F, G, H } = this;
    return [A, B, C, D, E, F, G, H];
  }
  // prettier-ignore
  set(A, B, C, D, E, F, G, H) {
    this.A = A | 0;
    this.B = B | 0;
    this.C = C | 0;
    this.D = D | 0;
    this.E = E | 0;
    this.F = F | 0;
    this.G = G | 0;
    this.H = H | 0;
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4)
      SHA256_W[i] = view.getUint32(offset, false);
    for (let i = 16; i < 64; i++) {
      const W15 = SHA256_W[i - 15];
      const W2 = SHA256_W[i - 2];
      const s0 = rotr(W15, 7) ^ rotr(W15, 18) ^ W15 >>> 3;
      const s1 = rotr(W2, 17) ^ rotr(W2, 19) ^ W2 >>> 10;
      SHA256_W[i] = s1 + SHA256_W[i - 7] + s0 + SHA256_W[i - 16] | 0;
    }
    let { A, B, C, D, E, F, G, H } = this;
    for (let i = 0; i < 64; i++) {
      const sigma1 = rotr(E, 6) ^ rotr(E, 11) ^ rotr(E, 25);
      const T1 = H + sigma1 + Chi(E, F, G) + SHA256_K[i] + SHA256_W[i] | 0;
      const sigma0 = rotr(A, 2) ^ rotr(A, 13) ^ rotr(A, 22);
      const T2 = sigma0 + Maj(A, B, C) | 0;
      H = G;
      G = F;
      F = E;
      E = D + T1 | 0;
      D = C;
      C = B;
      B = A;
      A = T1 + T2 | 0;
    }
    A = A + this.A | 0;
    B = B + this.B | 0;
    C = C + this.C | 0;
    D = D + this.D | 0;
    E = E + this.E | 0;
    F = F + this.F | 0;
    G = G + this.G | 0;
    H = H + this.H | 0;
    this.set(A, B, C, D, E, F, G, H);
  }
  roundClean() {
    SHA256_W.fill(0);
  }
  destroy() {
    this.set(0, 0, 0, 0, 0, 0, 0, 0);
    this.buffer.fill(0);
  }
};
var sha256 = /* @__PURE__ */ wrapConstructor(() => new SHA256());

// node_modules/@noble/hashes/esm/hmac.js
var HMAC = class extends Hash {
  constructor(hash2, _key) {
    super();
    this.finished = false;
    this.destroyed = false;
    hash(hash2);
    const key = toBytes(_key);
    this.iHash = hash2.create();
    if (typeof this.iHash.update !== "function")
      throw new Error("Expected instance of class which extends utils.Hash");
    this.blockLen = this.iHash.blockLen;
    this.outputLen = this.iHash.outputLen;
    const blockLen = this.blockLen;
    const pad = new Uint8Array(blockLen);
    pad.set(key.length > blockLen ? hash2.create().update(key).digest() : key);
    for (let i = 0; i < pad.length; i++)
      pad[i] ^= 54;
    this.iHash.update(pad);
    this.oHash = hash2.create();
    for (let i = 0; i < pad.length; i++)
      pad[i] ^= 54 ^ 92;
    this.oHash.update(pad);
    pad.fill(0);
  }
  update(buf) {
    exists(this);
    this.iHash.update(buf);
    return this;
  }
  digestInto(out) {
    exists(this);
    bytes(out, this.outputLen);
    this.finished = true;
    this.iHash.digestInto(out);
    this.oHash.update(out);
    this.oHash.digestInto(out);
    this.destroy();
  }
  digest() {
    const out = new Uint8Array(this.oHash.outputLen);
    this.digestInto(out);
    return out;
  }
  _cloneInto(to) {
    to || (to = Object.create(Object.getPrototypeOf(this), {}));
    const { oHash, iHash, finished, destroyed, blockLen, outputLen } = this;
    to = to;
    to.finished = finished;
    to.destroyed = destroyed;
    to.blockLen = blockLen;
    to.outputLen = outputLen;
    to.oHash = oHash._cloneInto(to.oHash);
    to.iHash = iHash._cloneInto(to.iHash);
    return to;
  }
  destroy() {
    this.destroyed = true;
    this.oHash.destroy();
    this.iHash.destroy();
  }
};
var hmac = (hash2, key, message) => new HMAC(hash2, key).update(message).digest();
hmac.create = (hash2, key) => new HMAC(hash2, key);

// node_modules/@noble/curves/esm/abstract/curve.js
var _0n3 = BigInt(0);
var _1n3 = BigInt(1);
var pointPrecomputes = /* @__PURE__ */ new WeakMap();
var pointWindowSizes = /* @__PURE__ */ new WeakMap();
function wNAF(c, bits) {
  const constTimeNegate = (condition, item) => {
    const neg = item.negate();
    return condition ? neg : item;
  };
  const validateW = (W) => {
    if (!Number.isSafeInteger(W) || W <= 0 || W > bits)
      throw new Error(`Wrong window size=${W}, should be [1..${bits}]`);
  };
  const opts = (W) => {
    validateW(W);
    const windows = Math.ceil(bits / W) + 1;
    const windowSize = 2 ** (W - 1);
    return { windows, windowSize };
  };
  return {
    constTimeNegate,
    // non-const time multiplication ladder
    unsafeLadder(elm, n) {
      let p = c.ZERO;
      let d = elm;
      while (n > _0n3) {
        if (n & _1n3)
          p = p.add(d);
        d = d.double();
        n >>= _1n3;
      }
      return p;
    },
    /**
     * Creates a wNAF precomputation window. Used for caching.
     * Default window size is set by `utils.precompute()` and is equal to 8.
     * Number of precomputed points depends on the curve size:
     * 2^(𝑊−1) * (Math.ceil(𝑛 / 𝑊) + 1), where:
     * - 𝑊 is the window size
     * - 𝑛 is the bitlength of the curve order.
     * For a 256-bit curve and window size 8, the number of precomputed points is 128 * 33 = 4224.
     * @returns precomputed point tables flattened to a single array
     */
    precomputeWindow(elm, W) {
      const { windows, windowSize } = opts(W);
      const points = [];
      let p = elm;
      let base = p;
      for (let window = 0; window < windows; window++) {
        base = p;
        points.push(base);
        for (let i = 1; i < windowSize; i++) {
          base = base.add(p);
          points.push(base);
        }
        p = base.double();
      }
      return points;
    },
    /**
     * Implements ec multiplication using precomputed tables and w-ary non-adjacent form.
     * @param W window size
     * @param precomputes precomputed tables
     * @param n scalar (we don't check here, but should be less than curve order)
     * @returns real and fake (for const-time) points
     */
    wNAF(W, precomputes, n) {
      const { windows, windowSize } = opts(W);
      let p = c.ZERO;
      let f = c.BASE;
      const mask = BigInt(2 ** W - 1);
      const maxNumber = 2 ** W;
      const shiftBy = BigInt(W);
      for (let window = 0; window < windows; window++) {
        const offset = window * windowSize;
        let wbits = Number(n & mask);
        n >>= shiftBy;
        if (wbits > windowSize) {
          wbits -= maxNumber;
          n += _1n3;
        }
        const offset1 = offset;
        const offset2 = offset + Math.abs(wbits) - 1;
        const cond1 = window % 2 !== 0;
        const cond2 = wbits < 0;
        if (wbits === 0) {
          f = f.add(constTimeNegate(cond1, precomputes[offset1]));
        } else {
          p = p.add(constTimeNegate(cond2, precomputes[offset2]));
        }
      }
      return { p, f };
    },
    wNAFCached(P3, n, transform) {
      const W = pointWindowSizes.get(P3) || 1;
      let comp = pointPrecomputes.get(P3);
      if (!comp) {
        comp = this.precomputeWindow(P3, W);
        if (W !== 1)
          pointPrecomputes.set(P3, transform(comp));
      }
      return this.wNAF(W, comp, n);
    },
    // We calculate precomputes for elliptic curve point multiplication
    // using windowed method. This specifies window size and
    // stores precomputed values. Usually only base point would be precomputed.
    setWindowSize(P3, W) {
      validateW(W);
      pointWindowSizes.set(P3, W);
      pointPrecomputes.delete(P3);
    }
  };
}
function validateBasic(curve) {
  validateField(curve.Fp);
  validateObject(curve, {
    n: "bigint",
    h: "bigint",
    Gx: "field",
    Gy: "field"
  }, {
    nBitLength: "isSafeInteger",
    nByteLength: "isSafeInteger"
  });
  return Object.freeze({
    ...nLength(curve.n, curve.nBitLength),
    ...curve,
    ...{ p: curve.Fp.ORDER }
  });
}

// node_modules/@noble/curves/esm/abstract/weierstrass.js
function validateSigVerOpts(opts) {
  if (opts.lowS !== void 0)
    abool("lowS", opts.lowS);
  if (opts.prehash !== void 0)
    abool("prehash", opts.prehash);
}
function validatePointOpts(curve) {
  const opts = validateBasic(curve);
  validateObject(opts, {
    a: "field",
    b: "field"
  }, {
    allowedPrivateKeyLengths: "array",
    wrapPrivateKey: "boolean",
    isTorsionFree: "function",
    clearCofactor: "function",
    allowInfinityPoint: "boolean",
    fromBytes: "function",
    toBytes: "function"
  });
  const { endo, Fp: Fp6, a } = opts;
  if (endo) {
    if (!Fp6.eql(a, Fp6.ZERO)) {
      throw new Error("Endomorphism can only be defined for Koblitz curves that have a=0");
    }
    if (typeof endo !== "object" || typeof endo.beta !== "bigint" || typeof endo.splitScalar !== "function") {
      throw new Error("Expected endomorphism with beta: bigint and splitScalar: function");
    }
  }
  return Object.freeze({ ...opts });
}
var { bytesToNumberBE: b2n, hexToBytes: h2b } = utils_exports;
var DER = {
  // asn.1 DER encoding utils
  Err: class DERErr extends Error {
    constructor(m = "") {
      super(m);
    }
  },
  _parseInt(data) {
    const { Err: E } = DER;
    if (data.length < 2 || data[0] !== 2)
      throw new E("Invalid signature integer tag");
    const len = data[1];
    const res = data.subarray(2, len + 2);
    if (!len || res.length !== len)
      throw new E("Invalid signature integer: wrong length");
    if (res[0] & 128)
      throw new E("Invalid signature integer: negative");
    if (res[0] === 0 && !(res[1] & 128))
      throw new E("Invalid signature integer: unnecessary leading zero");
    return { d: b2n(res), l: data.subarray(len + 2) };
  },
  toSig(hex) {
    const { Err: E } = DER;
    const data = typeof hex === "string" ? h2b(hex) : hex;
    abytes(data);
    let l = data.length;
    if (l < 2 || data[0] != 48)
      throw new E("Invalid signature tag");
    if (data[1] !== l - 2)
      throw new E("Invalid signature: incorrect length");
    const { d: r, l: sBytes } = DER._parseInt(data.subarray(2));
    const { d: s, l: rBytesLeft } = DER._parseInt(sBytes);
    if (rBytesLeft.length)
      throw new E("Invalid signature: left bytes after parsing");
    return { r, s };
  },
  hexFromSig(sig) {
    const slice = (s2) => Number.parseInt(s2[0], 16) & 8 ? "00" + s2 : s2;
    const h = (num) => {
      const hex = num.toString(16);
      return hex.length & 1 ? `0${hex}` : hex;
    };
    const s = slice(h(sig.s));
    const r = slice(h(sig.r));
    const shl = s.length / 2;
    const rhl = r.length / 2;
    const sl = h(shl);
    const rl = h(rhl);
    return `30${h(rhl + shl + 4)}02${rl}${r}02${sl}${s}`;
  }
};
var _0n4 = BigInt(0);
var _1n4 = BigInt(1);
var _2n3 = BigInt(2);
var _3n2 = BigInt(3);
var _4n2 = BigInt(4);
function weierstrassPoints(opts) {
  const CURVE2 = validatePointOpts(opts);
  const { Fp: Fp6 } = CURVE2;
  const toBytes2 = CURVE2.toBytes || ((_c, point, _isCompressed) => {
    const a = point.toAffine();
    return concatBytes(Uint8Array.from([4]), Fp6.toBytes(a.x), Fp6.toBytes(a.y));
  });
  const fromBytes = CURVE2.fromBytes || ((bytes2) => {
    const tail = bytes2.subarray(1);
    const x = Fp6.fromBytes(tail.subarray(0, Fp6.BYTES));
    const y = Fp6.fromBytes(tail.subarray(Fp6.BYTES, 2 * Fp6.BYTES));
    return { x, y };
  });
  function weierstrassEquation(x) {
    const { a, b } = CURVE2;
    const x2 = Fp6.sqr(x);
    const x3 = Fp6.mul(x2, x);
    return Fp6.add(Fp6.add(x3, Fp6.mul(x, a)), b);
  }
  if (!Fp6.eql(Fp6.sqr(CURVE2.Gy), weierstrassEquation(CURVE2.Gx)))
    throw new Error("bad generator point: equation left != right");
  function isWithinCurveOrder(num) {
    return inRange(num, _1n4, CURVE2.n);
  }
  function normPrivateKeyToScalar(key) {
    const { allowedPrivateKeyLengths: lengths, nByteLength, wrapPrivateKey, n: N } = CURVE2;
    if (lengths && typeof key !== "bigint") {
      if (isBytes(key))
        key = bytesToHex(key);
      if (typeof key !== "string" || !lengths.includes(key.length))
        throw new Error("Invalid key");
      key = key.padStart(nByteLength * 2, "0");
    }
    let num;
    try {
      num = typeof key === "bigint" ? key : bytesToNumberBE(ensureBytes("private key", key, nByteLength));
    } catch (error) {
      throw new Error(`private key must be ${nByteLength} bytes, hex or bigint, not ${typeof key}`);
    }
    if (wrapPrivateKey)
      num = mod(num, N);
    aInRange("private key", num, _1n4, N);
    return num;
  }
  function assertPrjPoint(other) {
    if (!(other instanceof Point))
      throw new Error("ProjectivePoint expected");
  }
  const toAffineMemo = memoized((p, iz) => {
    const { px: x, py: y, pz: z } = p;
    if (Fp6.eql(z, Fp6.ONE))
      return { x, y };
    const is0 = p.is0();
    if (iz == null)
      iz = is0 ? Fp6.ONE : Fp6.inv(z);
    const ax = Fp6.mul(x, iz);
    const ay = Fp6.mul(y, iz);
    const zz = Fp6.mul(z, iz);
    if (is0)
      return { x: Fp6.ZERO, y: Fp6.ZERO };
    if (!Fp6.eql(zz, Fp6.ONE))
      throw new Error("invZ was invalid");
    return { x: ax, y: ay };
  });
  const assertValidMemo = memoized((p) => {
    if (p.is0()) {
      if (CURVE2.allowInfinityPoint && !Fp6.is0(p.py))
        return;
      throw new Error("bad point: ZERO");
    }
    const { x, y } = p.toAffine();
    if (!Fp6.isValid(x) || !Fp6.isValid(y))
      throw new Error("bad point: x or y not FE");
    const left = Fp6.sqr(y);
    const right = weierstrassEquation(x);
    if (!Fp6.eql(left, right))
      throw new Error("bad point: equation left != right");
    if (!p.isTorsionFree())
      throw new Error("bad point: not in prime-order subgroup");
    return true;
  });
  class Point {
    constructor(px, py, pz) {
      this.px = px;
      this.py = py;
      this.pz = pz;
      if (px == null || !Fp6.isValid(px))
        throw new Error("x required");
      if (py == null || !Fp6.isValid(py))
        throw new Error("y required");
      if (pz == null || !Fp6.isValid(pz))
        throw new Error("z required");
      Object.freeze(this);
    }
    // Does not validate if the point is on-curve.
    // Use fromHex instead, or call assertValidity() later.
    static fromAffine(p) {
      const { x, y } = p || {};
      if (!p || !Fp6.isValid(x) || !Fp6.isValid(y))
        throw new Error("invalid affine point");
      if (p instanceof Point)
        throw new Error("projective point not allowed");
      const is0 = (i) => Fp6.eql(i, Fp6.ZERO);
      if (is0(x) && is0(y))
        return Point.ZERO;
      return new Point(x, y, Fp6.ONE);
    }
    get x() {
      return this.toAffine().x;
    }
    get y() {
      return this.toAffine().y;
    }
    /**
     * Takes a bunch of Projective Points but executes only one
     * inversion on all of them. Inversion is very slow operation,
     * so this improves performance massively.
     * Optimization: converts a list of projective points to a list of identical points with Z=1.
     */
    static normalizeZ(points) {
      const toInv = Fp6.invertBatch(points.map((p) => p.pz));
      return points.map((p, i) => p.toAffine(toInv[i])).map(Point.fromAffine);
    }
    /**
     * Converts hash string or Uint8Array to Point.
     * @param hex short/long ECDSA hex
     */
    static fromHex(hex) {
      const P3 = Point.fromAffine(fromBytes(ensureBytes("pointHex", hex)));
      P3.assertValidity();
      return P3;
    }
    // Multiplies generator point by privateKey.
    static fromPrivateKey(privateKey) {
      return Point.BASE.multiply(normPrivateKeyToScalar(privateKey));
    }
    // "Private method", don't use it directly
    _setWindowSize(windowSize) {
      wnaf.setWindowSize(this, windowSize);
    }
    // A point on curve is valid if it conforms to equation.
    assertValidity() {
      assertValidMemo(this);
    }
    hasEvenY() {
      const { y } = this.toAffine();
      if (Fp6.isOdd)
        return !Fp6.isOdd(y);
      throw new Error("Field doesn't support isOdd");
    }
    /**
     * Compare one point to another.
     */
    equals(other) {
      assertPrjPoint(other);
      const { px: X1, py: Y1, pz: Z1 } = this;
      const { px: X2, py: Y2, pz: Z2 } = other;
      const U1 = Fp6.eql(Fp6.mul(X1, Z2), Fp6.mul(X2, Z1));
      const U2 = Fp6.eql(Fp6.mul(Y1, Z2), Fp6.mul(Y2, Z1));
      return U1 && U2;
    }
    /**
     * Flips point to one corresponding to (x, -y) in Affine coordinates.
     */
    negate() {
      return new Point(this.px, Fp6.neg(this.py), this.pz);
    }
    // Renes-Costello-Batina exception-free doubling formula.
    // There is 30% faster Jacobian formula, but it is not complete.
    // https://eprint.iacr.org/2015/1060, algorithm 3
    // Cost: 8M + 3S + 3*a + 2*b3 + 15add.
    double() {
      const { a, b } = CURVE2;
      const b3 = Fp6.mul(b, _3n2);
      const { px: X1, py: Y1, pz: Z1 } = this;
      let X3 = Fp6.ZERO, Y3 = Fp6.ZERO, Z3 = Fp6.ZERO;
      let t0 = Fp6.mul(X1, X1);
      let t1 = Fp6.mul(Y1, Y1);
      let t2 = Fp6.mul(Z1, Z1);
      let t3 = Fp6.mul(X1, Y1);
      t3 = Fp6.add(t3, t3);
      Z3 = Fp6.mul(X1, Z1);
      Z3 = Fp6.add(Z3, Z3);
      X3 = Fp6.mul(a, Z3);
      Y3 = Fp6.mul(b3, t2);
      Y3 = Fp6.add(X3, Y3);
      X3 = Fp6.sub(t1, Y3);
      Y3 = Fp6.add(t1, Y3);
      Y3 = Fp6.mul(X3, Y3);
      X3 = Fp6.mul(t3, X3);
      Z3 = Fp6.mul(b3, Z3);
      t2 = Fp6.mul(a, t2);
      t3 = Fp6.sub(t0, t2);
      t3 = Fp6.mul(a, t3);
      t3 = Fp6.add(t3, Z3);
      Z3 = Fp6.add(t0, t0);
      t0 = Fp6.add(Z3, t0);
      t0 = Fp6.add(t0, t2);
      t0 = Fp6.mul(t0, t3);
      Y3 = Fp6.add(Y3, t0);
      t2 = Fp6.mul(Y1, Z1);
      t2 = Fp6.add(t2, t2);
      t0 = Fp6.mul(t2, t3);
      X3 = Fp6.sub(X3, t0);
      Z3 = Fp6.mul(t2, t1);
      Z3 = Fp6.add(Z3, Z3);
      Z3 = Fp6.add(Z3, Z3);
      return new Point(X3, Y3, Z3);
    }
    // Renes-Costello-Batina exception-free addition formula.
    // There is 30% faster Jacobian formula, but it is not complete.
    // https://eprint.iacr.org/2015/1060, algorithm 1
    // Cost: 12M + 0S + 3*a + 3*b3 + 23add.
    add(other) {
      assertPrjPoint(other);
      const { px: X1, py: Y1, pz: Z1 } = this;
      const { px: X2, py: Y2, pz: Z2 } = other;
      let X3 = Fp6.ZERO, Y3 = Fp6.ZERO, Z3 = Fp6.ZERO;
      const a = CURVE2.a;
      const b3 = Fp6.mul(CURVE2.b, _3n2);
      let t0 = Fp6.mul(X1, X2);
      let t1 = Fp6.mul(Y1, Y2);
      let t2 = Fp6.mul(Z1, Z2);
      let t3 = Fp6.add(X1, Y1);
      let t4 = Fp6.add(X2, Y2);
      t3 = Fp6.mul(t3, t4);
      t4 = Fp6.add(t0, t1);
      t3 = Fp6.sub(t3, t4);
      t4 = Fp6.add(X1, Z1);
      let t5 = Fp6.add(X2, Z2);
      t4 = Fp6.mul(t4, t5);
      t5 = Fp6.add(t0, t2);
      t4 = Fp6.sub(t4, t5);
      t5 = Fp6.add(Y1, Z1);
      X3 = Fp6.add(Y2, Z2);
      t5 = Fp6.mul(t5, X3);
      X3 = Fp6.add(t1, t2);
      t5 = Fp6.sub(t5, X3);
      Z3 = Fp6.mul(a, t4);
      X3 = Fp6.mul(b3, t2);
      Z3 = Fp6.add(X3, Z3);
      X3 = Fp6.sub(t1, Z3);
      Z3 = Fp6.add(t1, Z3);
      Y3 = Fp6.mul(X3, Z3);
      t1 = Fp6.add(t0, t0);
      t1 = Fp6.add(t1, t0);
      t2 = Fp6.mul(a, t2);
      t4 = Fp6.mul(b3, t4);
      t1 = Fp6.add(t1, t2);
      t2 = Fp6.sub(t0, t2);
      t2 = Fp6.mul(a, t2);
      t4 = Fp6.add(t4, t2);
      t0 = Fp6.mul(t1, t4);
      Y3 = Fp6.add(Y3, t0);
      t0 = Fp6.mul(t5, t4);
      X3 = Fp6.mul(t3, X3);
      X3 = Fp6.sub(X3, t0);
      t0 = Fp6.mul(t3, t1);
      Z3 = Fp6.mul(t5, Z3);
      Z3 = Fp6.add(Z3, t0);
      return new Point(X3, Y3, Z3);
    }
    subtract(other) {
      return this.add(other.negate());
    }
    is0() {
      return this.equals(Point.ZERO);
    }
    wNAF(n) {
      return wnaf.wNAFCached(this, n, Point.normalizeZ);
    }
    /**
     * Non-constant-time multiplication. Uses double-and-add algorithm.
     * It's faster, but should only be used when you don't care about
     * an exposed private key e.g. sig verification, which works over *public* keys.
     */
    multiplyUnsafe(sc) {
      aInRange("scalar", sc, _0n4, CURVE2.n);
      const I = Point.ZERO;
      if (sc === _0n4)
        return I;
      if (sc === _1n4)
        return this;
      const { endo } = CURVE2;
      if (!endo)
        return wnaf.unsafeLadder(this, sc);
      let { k1neg, k1, k2neg, k2 } = endo.splitScalar(sc);
      let k1p = I;
      let k2p = I;
      let d = this;
      while (k1 > _0n4 || k2 > _0n4) {
        if (k1 & _1n4)
          k1p = k1p.add(d);
        if (k2 & _1n4)
          k2p = k2p.add(d);
        d = d.double();
        k1 >>= _1n4;
        k2 >>= _1n4;
      }
      if (k1neg)
        k1p = k1p.negate();
      if (k2neg)
        k2p = k2p.negate();
      k2p = new Point(Fp6.mul(k2p.px, endo.beta), k2p.py, k2p.pz);
      return k1p.add(k2p);
    }
    /**
     * Constant time multiplication.
     * Uses wNAF method. Windowed method may be 10% faster,
     * but takes 2x longer to generate and consumes 2x memory.
     * Uses precomputes when available.
     * Uses endomorphism for Koblitz curves.
     * @param scalar by which the point would be multiplied
     * @returns New point
     */
    multiply(scalar) {
      const { endo, n: N } = CURVE2;
      aInRange("scalar", scalar, _1n4, N);
      let point, fake;
      if (endo) {
        const { k1neg, k1, k2neg, k2 } = endo.splitScalar(scalar);
        let { p: k1p, f: f1p } = this.wNAF(k1);
        let { p: k2p, f: f2p } = this.wNAF(k2);
        k1p = wnaf.constTimeNegate(k1neg, k1p);
        k2p = wnaf.constTimeNegate(k2neg, k2p);
        k2p = new Point(Fp6.mul(k2p.px, endo.beta), k2p.py, k2p.pz);
        point = k1p.add(k2p);
        fake = f1p.add(f2p);
      } else {
        const { p, f } = this.wNAF(scalar);
        point = p;
        fake = f;
      }
      return Point.normalizeZ([point, fake])[0];
    }
    /**
     * Efficiently calculate `aP + bQ`. Unsafe, can expose private key, if used incorrectly.
     * Not using Strauss-Shamir trick: precomputation tables are faster.
     * The trick could be useful if both P and Q are not G (not in our case).
     * @returns non-zero affine point
     */
    multiplyAndAddUnsafe(Q, a, b) {
      const G = Point.BASE;
      const mul = (P3, a2) => a2 === _0n4 || a2 === _1n4 || !P3.equals(G) ? P3.multiplyUnsafe(a2) : P3.multiply(a2);
      const sum = mul(this, a).add(mul(Q, b));
      return sum.is0() ? void 0 : sum;
    }
    // Converts Projective point to affine (x, y) coordinates.
    // Can accept precomputed Z^-1 - for example, from invertBatch.
    // (x, y, z) ∋ (x=x/z, y=y/z)
    toAffine(iz) {
      return toAffineMemo(this, iz);
    }
    isTorsionFree() {
      const { h: cofactor, isTorsionFree } = CURVE2;
      if (cofactor === _1n4)
        return true;
      if (isTorsionFree)
        return isTorsionFree(Point, this);
      throw new Error("isTorsionFree() has not been declared for the elliptic curve");
    }
    clearCofactor() {
      const { h: cofactor, clearCofactor } = CURVE2;
      if (cofactor === _1n4)
        return this;
      if (clearCofactor)
        return clearCofactor(Point, this);
      return this.multiplyUnsafe(CURVE2.h);
    }
    toRawBytes(isCompressed = true) {
      abool("isCompressed", isCompressed);
      this.assertValidity();
      return toBytes2(Point, this, isCompressed);
    }
    toHex(isCompressed = true) {
      abool("isCompressed", isCompressed);
      return bytesToHex(this.toRawBytes(isCompressed));
    }
  }
  Point.BASE = new Point(CURVE2.Gx, CURVE2.Gy, Fp6.ONE);
  Point.ZERO = new Point(Fp6.ZERO, Fp6.ONE, Fp6.ZERO);
  const _bits = CURVE2.nBitLength;
  const wnaf = wNAF(Point, CURVE2.endo ? Math.ceil(_bits / 2) : _bits);
  return {
    CURVE: CURVE2,
    ProjectivePoint: Point,
    normPrivateKeyToScalar,
    weierstrassEquation,
    isWithinCurveOrder
  };
}
function validateOpts(curve) {
  const opts = validateBasic(curve);
  validateObject(opts, {
    hash: "hash",
    hmac: "function",
    randomBytes: "function"
  }, {
    bits2int: "function",
    bits2int_modN: "function",
    lowS: "boolean"
  });
  return Object.freeze({ lowS: true, ...opts });
}
function weierstrass(curveDef) {
  const CURVE2 = validateOpts(curveDef);
  const { Fp: Fp6, n: CURVE_ORDER } = CURVE2;
  const compressedLen = Fp6.BYTES + 1;
  const uncompressedLen = 2 * Fp6.BYTES + 1;
  function modN(a) {
    return mod(a, CURVE_ORDER);
  }
  function invN(a) {
    return invert(a, CURVE_ORDER);
  }
  const { ProjectivePoint: Point, normPrivateKeyToScalar, weierstrassEquation, isWithinCurveOrder } = weierstrassPoints({
    ...CURVE2,
    toBytes(_c, point, isCompressed) {
      const a = point.toAffine();
      const x = Fp6.toBytes(a.x);
      const cat = concatBytes;
      abool("isCompressed", isCompressed);
      if (isCompressed) {
        return cat(Uint8Array.from([point.hasEvenY() ? 2 : 3]), x);
      } else {
        return cat(Uint8Array.from([4]), x, Fp6.toBytes(a.y));
      }
    },
    fromBytes(bytes2) {
      const len = bytes2.length;
      const head = bytes2[0];
      const tail = bytes2.subarray(1);
      if (len === compressedLen && (head === 2 || head === 3)) {
        const x = bytesToNumberBE(tail);
        if (!inRange(x, _1n4, Fp6.ORDER))
          throw new Error("Point is not on curve");
        const y2 = weierstrassEquation(x);
        let y;
        try {
          y = Fp6.sqrt(y2);
        } catch (sqrtError) {
          const suffix = sqrtError instanceof Error ? ": " + sqrtError.message : "";
          throw new Error("Point is not on curve" + suffix);
        }
        const isYOdd = (y & _1n4) === _1n4;
        const isHeadOdd = (head & 1) === 1;
        if (isHeadOdd !== isYOdd)
          y = Fp6.neg(y);
        return { x, y };
      } else if (len === uncompressedLen && head === 4) {
        const x = Fp6.fromBytes(tail.subarray(0, Fp6.BYTES));
        const y = Fp6.fromBytes(tail.subarray(Fp6.BYTES, 2 * Fp6.BYTES));
        return { x, y };
      } else {
        throw new Error(`Point of length ${len} was invalid. Expected ${compressedLen} compressed bytes or ${uncompressedLen} uncompressed bytes`);
      }
    }
  });
  const numToNByteStr = (num) => bytesToHex(numberToBytesBE(num, CURVE2.nByteLength));
  function isBiggerThanHalfOrder(number2) {
    const HALF = CURVE_ORDER >> _1n4;
    return number2 > HALF;
  }
  function normalizeS(s) {
    return isBiggerThanHalfOrder(s) ? modN(-s) : s;
  }
  const slcNum = (b, from, to) => bytesToNumberBE(b.slice(from, to));
  class Signature {
    constructor(r, s, recovery) {
      this.r = r;
      this.s = s;
      this.recovery = recovery;
      this.assertValidity();
    }
    // pair (bytes of r, bytes of s)
    static fromCompact(hex) {
      const l = CURVE2.nByteLength;
      hex = ensureBytes("compactSignature", hex, l * 2);
      return new Signature(slcNum(hex, 0, l), slcNum(hex, l, 2 * l));
    }
    // DER encoded ECDSA signature
    // https://bitcoin.stackexchange.com/questions/57644/what-are-the-parts-of-a-bitcoin-transaction-input-script
    static fromDER(hex) {
      const { r, s } = DER.toSig(ensureBytes("DER", hex));
      return new Signature(r, s);
    }
    assertValidity() {
      aInRange("r", this.r, _1n4, CURVE_ORDER);
      aInRange("s", this.s, _1n4, CURVE_ORDER);
    }
    addRecoveryBit(recovery) {
      return new Signature(this.r, this.s, recovery);
    }
    recoverPublicKey(msgHash) {
      const { r, s, recovery: rec } = this;
      const h = bits2int_modN(ensureBytes("msgHash", msgHash));
      if (rec == null || ![0, 1, 2, 3].includes(rec))
        throw new Error("recovery id invalid");
      const radj = rec === 2 || rec === 3 ? r + CURVE2.n : r;
      if (radj >= Fp6.ORDER)
        throw new Error("recovery id 2 or 3 invalid");
      const prefix = (rec & 1) === 0 ? "02" : "03";
      const R = Point.fromHex(prefix + numToNByteStr(radj));
      const ir = invN(radj);
      const u1 = modN(-h * ir);
      const u2 = modN(s * ir);
      const Q = Point.BASE.multiplyAndAddUnsafe(R, u1, u2);
      if (!Q)
        throw new Error("point at infinify");
      Q.assertValidity();
      return Q;
    }
    // Signatures should be low-s, to prevent malleability.
    hasHighS() {
      return isBiggerThanHalfOrder(this.s);
    }
    normalizeS() {
      return this.hasHighS() ? new Signature(this.r, modN(-this.s), this.recovery) : this;
    }
    // DER-encoded
    toDERRawBytes() {
      return hexToBytes(this.toDERHex());
    }
    toDERHex() {
      return DER.hexFromSig({ r: this.r, s: this.s });
    }
    // padded bytes of r, then padded bytes of s
    toCompactRawBytes() {
      return hexToBytes(this.toCompactHex());
    }
    toCompactHex() {
      return numToNByteStr(this.r) + numToNByteStr(this.s);
    }
  }
  const utils = {
    isValidPrivateKey(privateKey) {
      try {
        normPrivateKeyToScalar(privateKey);
        return true;
      } catch (error) {
        return false;
      }
    },
    normPrivateKeyToScalar,
    /**
     * Produces cryptographically secure private key from random of size
     * (groupLen + ceil(groupLen / 2)) with modulo bias being negligible.
     */
    randomPrivateKey: () => {
      const length = getMinHashLength(CURVE2.n);
      return mapHashToField(CURVE2.randomBytes(length), CURVE2.n);
    },
    /**
     * Creates precompute table for an arbitrary EC point. Makes point "cached".
     * Allows to massively speed-up `point.multiply(scalar)`.
     * @returns cached point
     * @example
     * const fast = utils.precompute(8, ProjectivePoint.fromHex(someonesPubKey));
     * fast.multiply(privKey); // much faster ECDH now
     */
    precompute(windowSize = 8, point = Point.BASE) {
      point._setWindowSize(windowSize);
      point.multiply(BigInt(3));
      return point;
    }
  };
  function getPublicKey(privateKey, isCompressed = true) {
    return Point.fromPrivateKey(privateKey).toRawBytes(isCompressed);
  }
  function isProbPub(item) {
    const arr = isBytes(item);
    const str = typeof item === "string";
    const len = (arr || str) && item.length;
    if (arr)
      return len === compressedLen || len === uncompressedLen;
    if (str)
      return len === 2 * compressedLen || len === 2 * uncompressedLen;
    if (item instanceof Point)
      return true;
    return false;
  }
  function getSharedSecret(privateA, publicB, isCompressed = true) {
    if (isProbPub(privateA))
      throw new Error("first arg must be private key");
    if (!isProbPub(publicB))
      throw new Error("second arg must be public key");
    const b = Point.fromHex(publicB);
    return b.multiply(normPrivateKeyToScalar(privateA)).toRawBytes(isCompressed);
  }
  const bits2int = CURVE2.bits2int || function(bytes2) {
    const num = bytesToNumberBE(bytes2);
    const delta = bytes2.length * 8 - CURVE2.nBitLength;
    return delta > 0 ? num >> BigInt(delta) : num;
  };
  const bits2int_modN = CURVE2.bits2int_modN || function(bytes2) {
    return modN(bits2int(bytes2));
  };
  const ORDER_MASK = bitMask(CURVE2.nBitLength);
  function int2octets(num) {
    aInRange(`num < 2^${CURVE2.nBitLength}`, num, _0n4, ORDER_MASK);
    return numberToBytesBE(num, CURVE2.nByteLength);
  }
  function prepSig(msgHash, privateKey, opts = defaultSigOpts) {
    if (["recovered", "canonical"].some((k) => k in opts))
      throw new Error("sign() legacy options not supported");
    const { hash: hash2, randomBytes: randomBytes2 } = CURVE2;
    let { lowS, prehash, extraEntropy: ent } = opts;
    if (lowS == null)
      lowS = true;
    msgHash = ensureBytes("msgHash", msgHash);
    validateSigVerOpts(opts);
    if (prehash)
      msgHash = ensureBytes("prehashed msgHash", hash2(msgHash));
    const h1int = bits2int_modN(msgHash);
    const d = normPrivateKeyToScalar(privateKey);
    const seedArgs = [int2octets(d), int2octets(h1int)];
    if (ent != null && ent !== false) {
      const e = ent === true ? randomBytes2(Fp6.BYTES) : ent;
      seedArgs.push(ensureBytes("extraEntropy", e));
    }
    const seed = concatBytes(...seedArgs);
    const m = h1int;
    function k2sig(kBytes) {
      const k = bits2int(kBytes);
      if (!isWithinCurveOrder(k))
        return;
      const ik = invN(k);
      const q = Point.BASE.multiply(k).toAffine();
      const r = modN(q.x);
      if (r === _0n4)
        return;
      const s = modN(ik * modN(m + r * d));
      if (s === _0n4)
        return;
      let recovery = (q.x === r ? 0 : 2) | Number(q.y & _1n4);
      let normS = s;
      if (lowS && isBiggerThanHalfOrder(s)) {
        normS = normalizeS(s);
        recovery ^= 1;
      }
      return new Signature(r, normS, recovery);
    }
    return { seed, k2sig };
  }
  const defaultSigOpts = { lowS: CURVE2.lowS, prehash: false };
  const defaultVerOpts = { lowS: CURVE2.lowS, prehash: false };
  function sign(msgHash, privKey, opts = defaultSigOpts) {
    const { seed, k2sig } = prepSig(msgHash, privKey, opts);
    const C = CURVE2;
    const drbg = createHmacDrbg(C.hash.outputLen, C.nByteLength, C.hmac);
    return drbg(seed, k2sig);
  }
  Point.BASE._setWindowSize(8);
  function verify(signature, msgHash, publicKey, opts = defaultVerOpts) {
    const sg = signature;
    msgHash = ensureBytes("msgHash", msgHash);
    publicKey = ensureBytes("publicKey", publicKey);
    if ("strict" in opts)
      throw new Error("options.strict was renamed to lowS");
    validateSigVerOpts(opts);
    const { lowS, prehash } = opts;
    let _sig = void 0;
    let P3;
    try {
      if (typeof sg === "string" || isBytes(sg)) {
        try {
          _sig = Signature.fromDER(sg);
        } catch (derError) {
          if (!(derError instanceof DER.Err))
            throw derError;
          _sig = Signature.fromCompact(sg);
        }
      } else if (typeof sg === "object" && typeof sg.r === "bigint" && typeof sg.s === "bigint") {
        const { r: r2, s: s2 } = sg;
        _sig = new Signature(r2, s2);
      } else {
        throw new Error("PARSE");
      }
      P3 = Point.fromHex(publicKey);
    } catch (error) {
      if (error.message === "PARSE")
        throw new Error(`signature must be Signature instance, Uint8Array or hex string`);
      return false;
    }
    if (lowS && _sig.hasHighS())
      return false;
    if (prehash)
      msgHash = CURVE2.hash(msgHash);
    const { r, s } = _sig;
    const h = bits2int_modN(msgHash);
    const is = invN(s);
    const u1 = modN(h * is);
    const u2 = modN(r * is);
    const R = Point.BASE.multiplyAndAddUnsafe(P3, u1, u2)?.toAffine();
    if (!R)
      return false;
    const v = modN(R.x);
    return v === r;
  }
  return {
    CURVE: CURVE2,
    getPublicKey,
    getSharedSecret,
    sign,
    verify,
    ProjectivePoint: Point,
    Signature,
    utils
  };
}
function SWUFpSqrtRatio(Fp6, Z) {
  const q = Fp6.ORDER;
  let l = _0n4;
  for (let o = q - _1n4; o % _2n3 === _0n4; o /= _2n3)
    l += _1n4;
  const c1 = l;
  const _2n_pow_c1_1 = _2n3 << c1 - _1n4 - _1n4;
  const _2n_pow_c1 = _2n_pow_c1_1 * _2n3;
  const c2 = (q - _1n4) / _2n_pow_c1;
  const c3 = (c2 - _1n4) / _2n3;
  const c4 = _2n_pow_c1 - _1n4;
  const c5 = _2n_pow_c1_1;
  const c6 = Fp6.pow(Z, c2);
  const c7 = Fp6.pow(Z, (c2 + _1n4) / _2n3);
  let sqrtRatio = (u, v) => {
    let tv1 = c6;
    let tv2 = Fp6.pow(v, c4);
    let tv3 = Fp6.sqr(tv2);
    tv3 = Fp6.mul(tv3, v);
    let tv5 = Fp6.mul(u, tv3);
    tv5 = Fp6.pow(tv5, c3);
    tv5 = Fp6.mul(tv5, tv2);
    tv2 = Fp6.mul(tv5, v);
    tv3 = Fp6.mul(tv5, u);
    let tv4 = Fp6.mul(tv3, tv2);
    tv5 = Fp6.pow(tv4, c5);
    let isQR = Fp6.eql(tv5, Fp6.ONE);
    tv2 = Fp6.mul(tv3, c7);
    tv5 = Fp6.mul(tv4, tv1);
    tv3 = Fp6.cmov(tv2, tv3, isQR);
    tv4 = Fp6.cmov(tv5, tv4, isQR);
    for (let i = c1; i > _1n4; i--) {
      let tv52 = i - _2n3;
      tv52 = _2n3 << tv52 - _1n4;
      let tvv5 = Fp6.pow(tv4, tv52);
      const e1 = Fp6.eql(tvv5, Fp6.ONE);
      tv2 = Fp6.mul(tv3, tv1);
      tv1 = Fp6.mul(tv1, tv1);
      tvv5 = Fp6.mul(tv4, tv1);
      tv3 = Fp6.cmov(tv2, tv3, e1);
      tv4 = Fp6.cmov(tvv5, tv4, e1);
    }
    return { isValid: isQR, value: tv3 };
  };
  if (Fp6.ORDER % _4n2 === _3n2) {
    const c12 = (Fp6.ORDER - _3n2) / _4n2;
    const c22 = Fp6.sqrt(Fp6.neg(Z));
    sqrtRatio = (u, v) => {
      let tv1 = Fp6.sqr(v);
      const tv2 = Fp6.mul(u, v);
      tv1 = Fp6.mul(tv1, tv2);
      let y1 = Fp6.pow(tv1, c12);
      y1 = Fp6.mul(y1, tv2);
      const y2 = Fp6.mul(y1, c22);
      const tv3 = Fp6.mul(Fp6.sqr(y1), v);
      const isQR = Fp6.eql(tv3, u);
      let y = Fp6.cmov(y2, y1, isQR);
      return { isValid: isQR, value: y };
    };
  }
  return sqrtRatio;
}
function mapToCurveSimpleSWU(Fp6, opts) {
  validateField(Fp6);
  if (!Fp6.isValid(opts.A) || !Fp6.isValid(opts.B) || !Fp6.isValid(opts.Z))
    throw new Error("mapToCurveSimpleSWU: invalid opts");
  const sqrtRatio = SWUFpSqrtRatio(Fp6, opts.Z);
  if (!Fp6.isOdd)
    throw new Error("Fp.isOdd is not implemented!");
  return (u) => {
    let tv1, tv2, tv3, tv4, tv5, tv6, x, y;
    tv1 = Fp6.sqr(u);
    tv1 = Fp6.mul(tv1, opts.Z);
    tv2 = Fp6.sqr(tv1);
    tv2 = Fp6.add(tv2, tv1);
    tv3 = Fp6.add(tv2, Fp6.ONE);
    tv3 = Fp6.mul(tv3, opts.B);
    tv4 = Fp6.cmov(opts.Z, Fp6.neg(tv2), !Fp6.eql(tv2, Fp6.ZERO));
    tv4 = Fp6.mul(tv4, opts.A);
    tv2 = Fp6.sqr(tv3);
    tv6 = Fp6.sqr(tv4);
    tv5 = Fp6.mul(tv6, opts.A);
    tv2 = Fp6.add(tv2, tv5);
    tv2 = Fp6.mul(tv2, tv3);
    tv6 = Fp6.mul(tv6, tv4);
    tv5 = Fp6.mul(tv6, opts.B);
    tv2 = Fp6.add(tv2, tv5);
    x = Fp6.mul(tv1, tv3);
    const { isValid, value } = sqrtRatio(tv2, tv6);
    y = Fp6.mul(tv1, u);
    y = Fp6.mul(y, value);
    x = Fp6.cmov(x, tv3, isValid);
    y = Fp6.cmov(y, value, isValid);
    const e1 = Fp6.isOdd(u) === Fp6.isOdd(y);
    y = Fp6.cmov(Fp6.neg(y), y, e1);
    x = Fp6.div(x, tv4);
    return { x, y };
  };
}

// node_modules/@noble/curves/esm/_shortw_utils.js
function getHash(hash2) {
  return {
    hash: hash2,
    hmac: (key, ...msgs) => hmac(hash2, key, concatBytes2(...msgs)),
    randomBytes
  };
}
function createCurve(curveDef, defHash) {
  const create = (hash2) => weierstrass({ ...curveDef, ...getHash(hash2) });
  return Object.freeze({ ...create(defHash), create });
}

// node_modules/@noble/curves/esm/p256.js
var Fp = Field(BigInt("0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff"));
var CURVE_A = Fp.create(BigInt("-3"));
var CURVE_B = BigInt("0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");
var p256 = createCurve({
  a: CURVE_A,
  // Equation params: a, b
  b: CURVE_B,
  Fp,
  // Field: 2n**224n * (2n**32n-1n) + 2n**192n + 2n**96n-1n
  // Curve order, total count of valid points in the field
  n: BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
  // Base (generator) point (x, y)
  Gx: BigInt("0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
  Gy: BigInt("0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
  h: BigInt(1),
  lowS: false
}, sha256);
var secp256r1 = p256;
var mapSWU = /* @__PURE__ */ (() => mapToCurveSimpleSWU(Fp, {
  A: CURVE_A,
  B: CURVE_B,
  Z: Fp.create(BigInt("-10"))
}))();
var htf = /* @__PURE__ */ (() => createHasher(secp256r1.ProjectivePoint, (scalars) => mapSWU(scalars[0]), {
  DST: "P256_XMD:SHA-256_SSWU_RO_",
  encodeDST: "P256_XMD:SHA-256_SSWU_NU_",
  p: Fp.ORDER,
  m: 1,
  k: 128,
  expand: "xmd",
  hash: sha256
}))();
var hashToCurve = /* @__PURE__ */ (() => htf.hashToCurve)();

// node_modules/@noble/hashes/esm/_u64.js
var U32_MASK64 = /* @__PURE__ */ BigInt(2 ** 32 - 1);
var _32n = /* @__PURE__ */ BigInt(32);
function fromBig(n, le = false) {
  if (le)
    return { h: Number(n & U32_MASK64), l: Number(n >> _32n & U32_MASK64) };
  return { h: Number(n >> _32n & U32_MASK64) | 0, l: Number(n & U32_MASK64) | 0 };
}
function split(lst, le = false) {
  let Ah = new Uint32Array(lst.length);
  let Al = new Uint32Array(lst.length);
  for (let i = 0; i < lst.length; i++) {
    const { h, l } = fromBig(lst[i], le);
    [Ah[i], Al[i]] = [h, l];
  }
  return [Ah, Al];
}
var toBig = (h, l) => BigInt(h >>> 0) << _32n | BigInt(l >>> 0);
var shrSH = (h, _l, s) => h >>> s;
var shrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrSH = (h, l, s) => h >>> s | l << 32 - s;
var rotrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrBH = (h, l, s) => h << 64 - s | l >>> s - 32;
var rotrBL = (h, l, s) => h >>> s - 32 | l << 64 - s;
var rotr32H = (_h, l) => l;
var rotr32L = (h, _l) => h;
var rotlSH = (h, l, s) => h << s | l >>> 32 - s;
var rotlSL = (h, l, s) => l << s | h >>> 32 - s;
var rotlBH = (h, l, s) => l << s - 32 | h >>> 64 - s;
var rotlBL = (h, l, s) => h << s - 32 | l >>> 64 - s;
function add(Ah, Al, Bh, Bl) {
  const l = (Al >>> 0) + (Bl >>> 0);
  return { h: Ah + Bh + (l / 2 ** 32 | 0) | 0, l: l | 0 };
}
var add3L = (Al, Bl, Cl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0);
var add3H = (low, Ah, Bh, Ch) => Ah + Bh + Ch + (low / 2 ** 32 | 0) | 0;
var add4L = (Al, Bl, Cl, Dl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0);
var add4H = (low, Ah, Bh, Ch, Dh) => Ah + Bh + Ch + Dh + (low / 2 ** 32 | 0) | 0;
var add5L = (Al, Bl, Cl, Dl, El) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0) + (El >>> 0);
var add5H = (low, Ah, Bh, Ch, Dh, Eh) => Ah + Bh + Ch + Dh + Eh + (low / 2 ** 32 | 0) | 0;
var u64 = {
  fromBig,
  split,
  toBig,
  shrSH,
  shrSL,
  rotrSH,
  rotrSL,
  rotrBH,
  rotrBL,
  rotr32H,
  rotr32L,
  rotlSH,
  rotlSL,
  rotlBH,
  rotlBL,
  add,
  add3L,
  add3H,
  add4L,
  add4H,
  add5H,
  add5L
};
var u64_default = u64;

// node_modules/@noble/hashes/esm/sha512.js
var [SHA512_Kh, SHA512_Kl] = /* @__PURE__ */ (() => u64_default.split([
  "0x428a2f98d728ae22",
  "0x7137449123ef65cd",
  "0xb5c0fbcfec4d3b2f",
  "0xe9b5dba58189dbbc",
  "0x3956c25bf348b538",
  "0x59f111f1b605d019",
  "0x923f82a4af194f9b",
  "0xab1c5ed5da6d8118",
  "0xd807aa98a3030242",
  "0x12835b0145706fbe",
  "0x243185be4ee4b28c",
  "0x550c7dc3d5ffb4e2",
  "0x72be5d74f27b896f",
  "0x80deb1fe3b1696b1",
  "0x9bdc06a725c71235",
  "0xc19bf174cf692694",
  "0xe49b69c19ef14ad2",
  "0xefbe4786384f25e3",
  "0x0fc19dc68b8cd5b5",
  "0x240ca1cc77ac9c65",
  "0x2de92c6f592b0275",
  "0x4a7484aa6ea6e483",
  "0x5cb0a9dcbd41fbd4",
  "0x76f988da831153b5",
  "0x983e5152ee66dfab",
  "0xa831c66d2db43210",
  "0xb00327c898fb213f",
  "0xbf597fc7beef0ee4",
  "0xc6e00bf33da88fc2",
  "0xd5a79147930aa725",
  "0x06ca6351e003826f",
  "0x142929670a0e6e70",
  "0x27b70a8546d22ffc",
  "0x2e1b21385c26c926",
  "0x4d2c6dfc5ac42aed",
  "0x53380d139d95b3df",
  "0x650a73548baf63de",
  "0x766a0abb3c77b2a8",
  "0x81c2c92e47edaee6",
  "0x92722c851482353b",
  "0xa2bfe8a14cf10364",
  "0xa81a664bbc423001",
  "0xc24b8b70d0f89791",
  "0xc76c51a30654be30",
  "0xd192e819d6ef5218",
  "0xd69906245565a910",
  "0xf40e35855771202a",
  "0x106aa07032bbd1b8",
  "0x19a4c116b8d2d0c8",
  "0x1e376c085141ab53",
  "0x2748774cdf8eeb99",
  "0x34b0bcb5e19b48a8",
  "0x391c0cb3c5c95a63",
  "0x4ed8aa4ae3418acb",
  "0x5b9cca4f7763e373",
  "0x682e6ff3d6b2b8a3",
  "0x748f82ee5defb2fc",
  "0x78a5636f43172f60",
  "0x84c87814a1f0ab72",
  "0x8cc702081a6439ec",
  "0x90befffa23631e28",
  "0xa4506cebde82bde9",
  "0xbef9a3f7b2c67915",
  "0xc67178f2e372532b",
  "0xca273eceea26619c",
  "0xd186b8c721c0c207",
  "0xeada7dd6cde0eb1e",
  "0xf57d4f7fee6ed178",
  "0x06f067aa72176fba",
  "0x0a637dc5a2c898a6",
  "0x113f9804bef90dae",
  "0x1b710b35131c471b",
  "0x28db77f523047d84",
  "0x32caab7b40c72493",
  "0x3c9ebe0a15c9bebc",
  "0x431d67c49c100d4c",
  "0x4cc5d4becb3e42b6",
  "0x597f299cfc657e2a",
  "0x5fcb6fab3ad6faec",
  "0x6c44198c4a475817"
].map((n) => BigInt(n))))();
var SHA512_W_H = /* @__PURE__ */ new Uint32Array(80);
var SHA512_W_L = /* @__PURE__ */ new Uint32Array(80);
var SHA512 = class extends HashMD {
  constructor() {
    super(128, 64, 16, false);
    this.Ah = 1779033703 | 0;
    this.Al = 4089235720 | 0;
    this.Bh = 3144134277 | 0;
    this.Bl = 2227873595 | 0;
    this.Ch = 1013904242 | 0;
    this.Cl = 4271175723 | 0;
    this.Dh = 2773480762 | 0;
    this.Dl = 1595750129 | 0;
    this.Eh = 1359893119 | 0;
    this.El = 2917565137 | 0;
    this.Fh = 2600822924 | 0;
    this.Fl = 725511199 | 0;
    this.Gh = 528734635 | 0;
    this.Gl = 4215389547 | 0;
    this.Hh = 1541459225 | 0;
    this.Hl = 327033209 | 0;
  }
  // prettier-ignore
  get() {
    const { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    return [Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl];
  }
  // prettier-ignore
  set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl) {
    this.Ah = Ah | 0;
    this.Al = Al | 0;
    this.Bh = Bh | 0;
    this.Bl = Bl | 0;
    this.Ch = Ch | 0;
    this.Cl = Cl | 0;
    this.Dh = Dh | 0;
    this.Dl = Dl | 0;
    this.Eh = Eh | 0;
    this.El = El | 0;
    this.Fh = Fh | 0;
    this.Fl = Fl | 0;
    this.Gh = Gh | 0;
    this.Gl = Gl | 0;
    this.Hh = Hh | 0;
    this.Hl = Hl | 0;
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4) {
      SHA512_W_H[i] = view.getUint32(offset);
      SHA512_W_L[i] = view.getUint32(offset += 4);
    }
    for (let i = 16; i < 80; i++) {
      const W15h = SHA512_W_H[i - 15] | 0;
      const W15l = SHA512_W_L[i - 15] | 0;
      const s0h = u64_default.rotrSH(W15h, W15l, 1) ^ u64_default.rotrSH(W15h, W15l, 8) ^ u64_default.shrSH(W15h, W15l, 7);
      const s0l = u64_default.rotrSL(W15h, W15l, 1) ^ u64_default.rotrSL(W15h, W15l, 8) ^ u64_default.shrSL(W15h, W15l, 7);
      const W2h = SHA512_W_H[i - 2] | 0;
      const W2l = SHA512_W_L[i - 2] | 0;
      const s1h = u64_default.rotrSH(W2h, W2l, 19) ^ u64_default.rotrBH(W2h, W2l, 61) ^ u64_default.shrSH(W2h, W2l, 6);
      const s1l = u64_default.rotrSL(W2h, W2l, 19) ^ u64_default.rotrBL(W2h, W2l, 61) ^ u64_default.shrSL(W2h, W2l, 6);
      const SUMl = u64_default.add4L(s0l, s1l, SHA512_W_L[i - 7], SHA512_W_L[i - 16]);
      const SUMh = u64_default.add4H(SUMl, s0h, s1h, SHA512_W_H[i - 7], SHA512_W_H[i - 16]);
      SHA512_W_H[i] = SUMh | 0;
      SHA512_W_L[i] = SUMl | 0;
    }
    let { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    for (let i = 0; i < 80; i++) {
      const sigma1h = u64_default.rotrSH(Eh, El, 14) ^ u64_default.rotrSH(Eh, El, 18) ^ u64_default.rotrBH(Eh, El, 41);
      const sigma1l = u64_default.rotrSL(Eh, El, 14) ^ u64_default.rotrSL(Eh, El, 18) ^ u64_default.rotrBL(Eh, El, 41);
      const CHIh = Eh & Fh ^ ~Eh & Gh;
      const CHIl = El & Fl ^ ~El & Gl;
      const T1ll = u64_default.add5L(Hl, sigma1l, CHIl, SHA512_Kl[i], SHA512_W_L[i]);
      const T1h = u64_default.add5H(T1ll, Hh, sigma1h, CHIh, SHA512_Kh[i], SHA512_W_H[i]);
      const T1l = T1ll | 0;
      const sigma0h = u64_default.rotrSH(Ah, Al, 28) ^ u64_default.rotrBH(Ah, Al, 34) ^ u64_default.rotrBH(Ah, Al, 39);
      const sigma0l = u64_default.rotrSL(Ah, Al, 28) ^ u64_default.rotrBL(Ah, Al, 34) ^ u64_default.rotrBL(Ah, Al, 39);
      const MAJh = Ah & Bh ^ Ah & Ch ^ Bh & Ch;
      const MAJl = Al & Bl ^ Al & Cl ^ Bl & Cl;
      Hh = Gh | 0;
      Hl = Gl | 0;
      Gh = Fh | 0;
      Gl = Fl | 0;
      Fh = Eh | 0;
      Fl = El | 0;
      ({ h: Eh, l: El } = u64_default.add(Dh | 0, Dl | 0, T1h | 0, T1l | 0));
      Dh = Ch | 0;
      Dl = Cl | 0;
      Ch = Bh | 0;
      Cl = Bl | 0;
      Bh = Ah | 0;
      Bl = Al | 0;
      const All = u64_default.add3L(T1l, sigma0l, MAJl);
      Ah = u64_default.add3H(All, T1h, sigma0h, MAJh);
      Al = All | 0;
    }
    ({ h: Ah, l: Al } = u64_default.add(this.Ah | 0, this.Al | 0, Ah | 0, Al | 0));
    ({ h: Bh, l: Bl } = u64_default.add(this.Bh | 0, this.Bl | 0, Bh | 0, Bl | 0));
    ({ h: Ch, l: Cl } = u64_default.add(this.Ch | 0, this.Cl | 0, Ch | 0, Cl | 0));
    ({ h: Dh, l: Dl } = u64_default.add(this.Dh | 0, this.Dl | 0, Dh | 0, Dl | 0));
    ({ h: Eh, l: El } = u64_default.add(this.Eh | 0, this.El | 0, Eh | 0, El | 0));
    ({ h: Fh, l: Fl } = u64_default.add(this.Fh | 0, this.Fl | 0, Fh | 0, Fl | 0));
    ({ h: Gh, l: Gl } = u64_default.add(this.Gh | 0, this.Gl | 0, Gh | 0, Gl | 0));
    ({ h: Hh, l: Hl } = u64_default.add(this.Hh | 0, this.Hl | 0, Hh | 0, Hl | 0));
    this.set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl);
  }
  roundClean() {
    SHA512_W_H.fill(0);
    SHA512_W_L.fill(0);
  }
  destroy() {
    this.buffer.fill(0);
    this.set(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
};
var SHA384 = class extends SHA512 {
  constructor() {
    super();
    this.Ah = 3418070365 | 0;
    this.Al = 3238371032 | 0;
    this.Bh = 1654270250 | 0;
    this.Bl = 914150663 | 0;
    this.Ch = 2438529370 | 0;
    this.Cl = 812702999 | 0;
    this.Dh = 355462360 | 0;
    this.Dl = 4144912697 | 0;
    this.Eh = 1731405415 | 0;
    this.El = 4290775857 | 0;
    this.Fh = 2394180231 | 0;
    this.Fl = 1750603025 | 0;
    this.Gh = 3675008525 | 0;
    this.Gl = 1694076839 | 0;
    this.Hh = 1203062813 | 0;
    this.Hl = 3204075428 | 0;
    this.outputLen = 48;
  }
};
var sha512 = /* @__PURE__ */ wrapConstructor(() => new SHA512());
var sha384 = /* @__PURE__ */ wrapConstructor(() => new SHA384());

// node_modules/@noble/curves/esm/p384.js
var P = BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff");
var Fp2 = Field(P);
var CURVE_A2 = Fp2.create(BigInt("-3"));
var CURVE_B2 = BigInt("0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef");
var p384 = createCurve({
  a: CURVE_A2,
  // Equation params: a, b
  b: CURVE_B2,
  Fp: Fp2,
  // Field: 2n**384n - 2n**128n - 2n**96n + 2n**32n - 1n
  // Curve order, total count of valid points in the field.
  n: BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
  // Base (generator) point (x, y)
  Gx: BigInt("0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
  Gy: BigInt("0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
  h: BigInt(1),
  lowS: false
}, sha384);
var secp384r1 = p384;
var mapSWU2 = /* @__PURE__ */ (() => mapToCurveSimpleSWU(Fp2, {
  A: CURVE_A2,
  B: CURVE_B2,
  Z: Fp2.create(BigInt("-12"))
}))();
var htf2 = /* @__PURE__ */ (() => createHasher(secp384r1.ProjectivePoint, (scalars) => mapSWU2(scalars[0]), {
  DST: "P384_XMD:SHA-384_SSWU_RO_",
  encodeDST: "P384_XMD:SHA-384_SSWU_NU_",
  p: Fp2.ORDER,
  m: 1,
  k: 192,
  expand: "xmd",
  hash: sha384
}))();
var hashToCurve2 = /* @__PURE__ */ (() => htf2.hashToCurve)();

// node_modules/@noble/curves/esm/p521.js
var P2 = BigInt("0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
var Fp3 = Field(P2);
var CURVE = {
  a: Fp3.create(BigInt("-3")),
  b: BigInt("0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"),
  Fp: Fp3,
  n: BigInt("0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"),
  Gx: BigInt("0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"),
  Gy: BigInt("0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"),
  h: BigInt(1)
};
var p521 = createCurve({
  a: CURVE.a,
  // Equation params: a, b
  b: CURVE.b,
  Fp: Fp3,
  // Field: 2n**521n - 1n
  // Curve order, total count of valid points in the field
  n: CURVE.n,
  Gx: CURVE.Gx,
  // Base point (x, y) aka generator point
  Gy: CURVE.Gy,
  h: CURVE.h,
  lowS: false,
  allowedPrivateKeyLengths: [130, 131, 132]
  // P521 keys are variable-length. Normalize to 132b
}, sha512);
var secp521r1 = p521;
var mapSWU3 = /* @__PURE__ */ (() => mapToCurveSimpleSWU(Fp3, {
  A: CURVE.a,
  B: CURVE.b,
  Z: Fp3.create(BigInt("-4"))
}))();
var htf3 = /* @__PURE__ */ (() => createHasher(secp521r1.ProjectivePoint, (scalars) => mapSWU3(scalars[0]), {
  DST: "P521_XMD:SHA-512_SSWU_RO_",
  encodeDST: "P521_XMD:SHA-512_SSWU_NU_",
  p: Fp3.ORDER,
  m: 1,
  k: 256,
  expand: "xmd",
  hash: sha512
}))();
var hashToCurve3 = /* @__PURE__ */ (() => htf3.hashToCurve)();

// node_modules/@noble/curves/esm/abstract/edwards.js
var _0n5 = BigInt(0);
var _1n5 = BigInt(1);
var _2n4 = BigInt(2);
var _8n2 = BigInt(8);
var VERIFY_DEFAULT = { zip215: true };
function validateOpts2(curve) {
  const opts = validateBasic(curve);
  validateObject(curve, {
    hash: "function",
    a: "bigint",
    d: "bigint",
    randomBytes: "function"
  }, {
    adjustScalarBytes: "function",
    domain: "function",
    uvRatio: "function",
    mapToCurve: "function"
  });
  return Object.freeze({ ...opts });
}
function twistedEdwards(curveDef) {
  const CURVE2 = validateOpts2(curveDef);
  const { Fp: Fp6, n: CURVE_ORDER, prehash, hash: cHash, randomBytes: randomBytes2, nByteLength, h: cofactor } = CURVE2;
  const MASK = _2n4 << BigInt(nByteLength * 8) - _1n5;
  const modP = Fp6.create;
  const uvRatio3 = CURVE2.uvRatio || ((u, v) => {
    try {
      return { isValid: true, value: Fp6.sqrt(u * Fp6.inv(v)) };
    } catch (e) {
      return { isValid: false, value: _0n5 };
    }
  });
  const adjustScalarBytes3 = CURVE2.adjustScalarBytes || ((bytes2) => bytes2);
  const domain = CURVE2.domain || ((data, ctx, phflag) => {
    abool("phflag", phflag);
    if (ctx.length || phflag)
      throw new Error("Contexts/pre-hash are not supported");
    return data;
  });
  function aCoordinate(title, n) {
    aInRange("coordinate " + title, n, _0n5, MASK);
  }
  function assertPoint(other) {
    if (!(other instanceof Point))
      throw new Error("ExtendedPoint expected");
  }
  const toAffineMemo = memoized((p, iz) => {
    const { ex: x, ey: y, ez: z } = p;
    const is0 = p.is0();
    if (iz == null)
      iz = is0 ? _8n2 : Fp6.inv(z);
    const ax = modP(x * iz);
    const ay = modP(y * iz);
    const zz = modP(z * iz);
    if (is0)
      return { x: _0n5, y: _1n5 };
    if (zz !== _1n5)
      throw new Error("invZ was invalid");
    return { x: ax, y: ay };
  });
  const assertValidMemo = memoized((p) => {
    const { a, d } = CURVE2;
    if (p.is0())
      throw new Error("bad point: ZERO");
    const { ex: X, ey: Y, ez: Z, et: T } = p;
    const X2 = modP(X * X);
    const Y2 = modP(Y * Y);
    const Z2 = modP(Z * Z);
    const Z4 = modP(Z2 * Z2);
    const aX2 = modP(X2 * a);
    const left = modP(Z2 * modP(aX2 + Y2));
    const right = modP(Z4 + modP(d * modP(X2 * Y2)));
    if (left !== right)
      throw new Error("bad point: equation left != right (1)");
    const XY = modP(X * Y);
    const ZT = modP(Z * T);
    if (XY !== ZT)
      throw new Error("bad point: equation left != right (2)");
    return true;
  });
  class Point {
    constructor(ex, ey, ez, et) {
      this.ex = ex;
      this.ey = ey;
      this.ez = ez;
      this.et = et;
      aCoordinate("x", ex);
      aCoordinate("y", ey);
      aCoordinate("z", ez);
      aCoordinate("t", et);
      Object.freeze(this);
    }
    get x() {
      return this.toAffine().x;
    }
    get y() {
      return this.toAffine().y;
    }
    static fromAffine(p) {
      if (p instanceof Point)
        throw new Error("extended point not allowed");
      const { x, y } = p || {};
      aCoordinate("x", x);
      aCoordinate("y", y);
      return new Point(x, y, _1n5, modP(x * y));
    }
    static normalizeZ(points) {
      const toInv = Fp6.invertBatch(points.map((p) => p.ez));
      return points.map((p, i) => p.toAffine(toInv[i])).map(Point.fromAffine);
    }
    // "Private method", don't use it directly
    _setWindowSize(windowSize) {
      wnaf.setWindowSize(this, windowSize);
    }
    // Not required for fromHex(), which always creates valid points.
    // Could be useful for fromAffine().
    assertValidity() {
      assertValidMemo(this);
    }
    // Compare one point to another.
    equals(other) {
      assertPoint(other);
      const { ex: X1, ey: Y1, ez: Z1 } = this;
      const { ex: X2, ey: Y2, ez: Z2 } = other;
      const X1Z2 = modP(X1 * Z2);
      const X2Z1 = modP(X2 * Z1);
      const Y1Z2 = modP(Y1 * Z2);
      const Y2Z1 = modP(Y2 * Z1);
      return X1Z2 === X2Z1 && Y1Z2 === Y2Z1;
    }
    is0() {
      return this.equals(Point.ZERO);
    }
    negate() {
      return new Point(modP(-this.ex), this.ey, this.ez, modP(-this.et));
    }
    // Fast algo for doubling Extended Point.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#doubling-dbl-2008-hwcd
    // Cost: 4M + 4S + 1*a + 6add + 1*2.
    double() {
      const { a } = CURVE2;
      const { ex: X1, ey: Y1, ez: Z1 } = this;
      const A = modP(X1 * X1);
      const B = modP(Y1 * Y1);
      const C = modP(_2n4 * modP(Z1 * Z1));
      const D = modP(a * A);
      const x1y1 = X1 + Y1;
      const E = modP(modP(x1y1 * x1y1) - A - B);
      const G2 = D + B;
      const F = G2 - C;
      const H = D - B;
      const X3 = modP(E * F);
      const Y3 = modP(G2 * H);
      const T3 = modP(E * H);
      const Z3 = modP(F * G2);
      return new Point(X3, Y3, Z3, T3);
    }
    // Fast algo for adding 2 Extended Points.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#addition-add-2008-hwcd
    // Cost: 9M + 1*a + 1*d + 7add.
    add(other) {
      assertPoint(other);
      const { a, d } = CURVE2;
      const { ex: X1, ey: Y1, ez: Z1, et: T1 } = this;
      const { ex: X2, ey: Y2, ez: Z2, et: T2 } = other;
      if (a === BigInt(-1)) {
        const A2 = modP((Y1 - X1) * (Y2 + X2));
        const B2 = modP((Y1 + X1) * (Y2 - X2));
        const F2 = modP(B2 - A2);
        if (F2 === _0n5)
          return this.double();
        const C2 = modP(Z1 * _2n4 * T2);
        const D2 = modP(T1 * _2n4 * Z2);
        const E2 = D2 + C2;
        const G3 = B2 + A2;
        const H2 = D2 - C2;
        const X32 = modP(E2 * F2);
        const Y32 = modP(G3 * H2);
        const T32 = modP(E2 * H2);
        const Z32 = modP(F2 * G3);
        return new Point(X32, Y32, Z32, T32);
      }
      const A = modP(X1 * X2);
      const B = modP(Y1 * Y2);
      const C = modP(T1 * d * T2);
      const D = modP(Z1 * Z2);
      const E = modP((X1 + Y1) * (X2 + Y2) - A - B);
      const F = D - C;
      const G2 = D + C;
      const H = modP(B - a * A);
      const X3 = modP(E * F);
      const Y3 = modP(G2 * H);
      const T3 = modP(E * H);
      const Z3 = modP(F * G2);
      return new Point(X3, Y3, Z3, T3);
    }
    subtract(other) {
      return this.add(other.negate());
    }
    wNAF(n) {
      return wnaf.wNAFCached(this, n, Point.normalizeZ);
    }
    // Constant-time multiplication.
    multiply(scalar) {
      const n = scalar;
      aInRange("scalar", n, _1n5, CURVE_ORDER);
      const { p, f } = this.wNAF(n);
      return Point.normalizeZ([p, f])[0];
    }
    // Non-constant-time multiplication. Uses double-and-add algorithm.
    // It's faster, but should only be used when you don't care about
    // an exposed private key e.g. sig verification.
    // Does NOT allow scalars higher than CURVE.n.
    multiplyUnsafe(scalar) {
      const n = scalar;
      aInRange("scalar", n, _0n5, CURVE_ORDER);
      if (n === _0n5)
        return I;
      if (this.equals(I) || n === _1n5)
        return this;
      if (this.equals(G))
        return this.wNAF(n).p;
      return wnaf.unsafeLadder(this, n);
    }
    // Checks if point is of small order.
    // If you add something to small order point, you will have "dirty"
    // point with torsion component.
    // Multiplies point by cofactor and checks if the result is 0.
    isSmallOrder() {
      return this.multiplyUnsafe(cofactor).is0();
    }
    // Multiplies point by curve order and checks if the result is 0.
    // Returns `false` is the point is dirty.
    isTorsionFree() {
      return wnaf.unsafeLadder(this, CURVE_ORDER).is0();
    }
    // Converts Extended point to default (x, y) coordinates.
    // Can accept precomputed Z^-1 - for example, from invertBatch.
    toAffine(iz) {
      return toAffineMemo(this, iz);
    }
    clearCofactor() {
      const { h: cofactor2 } = CURVE2;
      if (cofactor2 === _1n5)
        return this;
      return this.multiplyUnsafe(cofactor2);
    }
    // Converts hash string or Uint8Array to Point.
    // Uses algo from RFC8032 5.1.3.
    static fromHex(hex, zip215 = false) {
      const { d, a } = CURVE2;
      const len = Fp6.BYTES;
      hex = ensureBytes("pointHex", hex, len);
      abool("zip215", zip215);
      const normed = hex.slice();
      const lastByte = hex[len - 1];
      normed[len - 1] = lastByte & ~128;
      const y = bytesToNumberLE(normed);
      const max = zip215 ? MASK : Fp6.ORDER;
      aInRange("pointHex.y", y, _0n5, max);
      const y2 = modP(y * y);
      const u = modP(y2 - _1n5);
      const v = modP(d * y2 - a);
      let { isValid, value: x } = uvRatio3(u, v);
      if (!isValid)
        throw new Error("Point.fromHex: invalid y coordinate");
      const isXOdd = (x & _1n5) === _1n5;
      const isLastByteOdd = (lastByte & 128) !== 0;
      if (!zip215 && x === _0n5 && isLastByteOdd)
        throw new Error("Point.fromHex: x=0 and x_0=1");
      if (isLastByteOdd !== isXOdd)
        x = modP(-x);
      return Point.fromAffine({ x, y });
    }
    static fromPrivateKey(privKey) {
      return getExtendedPublicKey(privKey).point;
    }
    toRawBytes() {
      const { x, y } = this.toAffine();
      const bytes2 = numberToBytesLE(y, Fp6.BYTES);
      bytes2[bytes2.length - 1] |= x & _1n5 ? 128 : 0;
      return bytes2;
    }
    toHex() {
      return bytesToHex(this.toRawBytes());
    }
  }
  Point.BASE = new Point(CURVE2.Gx, CURVE2.Gy, _1n5, modP(CURVE2.Gx * CURVE2.Gy));
  Point.ZERO = new Point(_0n5, _1n5, _1n5, _0n5);
  const { BASE: G, ZERO: I } = Point;
  const wnaf = wNAF(Point, nByteLength * 8);
  function modN(a) {
    return mod(a, CURVE_ORDER);
  }
  function modN_LE(hash2) {
    return modN(bytesToNumberLE(hash2));
  }
  function getExtendedPublicKey(key) {
    const len = nByteLength;
    key = ensureBytes("private key", key, len);
    const hashed = ensureBytes("hashed private key", cHash(key), 2 * len);
    const head = adjustScalarBytes3(hashed.slice(0, len));
    const prefix = hashed.slice(len, 2 * len);
    const scalar = modN_LE(head);
    const point = G.multiply(scalar);
    const pointBytes = point.toRawBytes();
    return { head, prefix, scalar, point, pointBytes };
  }
  function getPublicKey(privKey) {
    return getExtendedPublicKey(privKey).pointBytes;
  }
  function hashDomainToScalar(context = new Uint8Array(), ...msgs) {
    const msg = concatBytes(...msgs);
    return modN_LE(cHash(domain(msg, ensureBytes("context", context), !!prehash)));
  }
  function sign(msg, privKey, options = {}) {
    msg = ensureBytes("message", msg);
    if (prehash)
      msg = prehash(msg);
    const { prefix, scalar, pointBytes } = getExtendedPublicKey(privKey);
    const r = hashDomainToScalar(options.context, prefix, msg);
    const R = G.multiply(r).toRawBytes();
    const k = hashDomainToScalar(options.context, R, pointBytes, msg);
    const s = modN(r + k * scalar);
    aInRange("signature.s", s, _0n5, CURVE_ORDER);
    const res = concatBytes(R, numberToBytesLE(s, Fp6.BYTES));
    return ensureBytes("result", res, nByteLength * 2);
  }
  const verifyOpts = VERIFY_DEFAULT;
  function verify(sig, msg, publicKey, options = verifyOpts) {
    const { context, zip215 } = options;
    const len = Fp6.BYTES;
    sig = ensureBytes("signature", sig, 2 * len);
    msg = ensureBytes("message", msg);
    if (zip215 !== void 0)
      abool("zip215", zip215);
    if (prehash)
      msg = prehash(msg);
    const s = bytesToNumberLE(sig.slice(len, 2 * len));
    let A, R, SB;
    try {
      A = Point.fromHex(publicKey, zip215);
      R = Point.fromHex(sig.slice(0, len), zip215);
      SB = G.multiplyUnsafe(s);
    } catch (error) {
      return false;
    }
    if (!zip215 && A.isSmallOrder())
      return false;
    const k = hashDomainToScalar(context, R.toRawBytes(), A.toRawBytes(), msg);
    const RkA = R.add(A.multiplyUnsafe(k));
    return RkA.subtract(SB).clearCofactor().equals(Point.ZERO);
  }
  G._setWindowSize(8);
  const utils = {
    getExtendedPublicKey,
    // ed25519 private keys are uniform 32b. No need to check for modulo bias, like in secp256k1.
    randomPrivateKey: () => randomBytes2(Fp6.BYTES),
    /**
     * We're doing scalar multiplication (used in getPublicKey etc) with precomputed BASE_POINT
     * values. This slows down first getPublicKey() by milliseconds (see Speed section),
     * but allows to speed-up subsequent getPublicKey() calls up to 20x.
     * @param windowSize 2, 4, 8, 16
     */
    precompute(windowSize = 8, point = Point.BASE) {
      point._setWindowSize(windowSize);
      point.multiply(BigInt(3));
      return point;
    }
  };
  return {
    CURVE: CURVE2,
    getPublicKey,
    sign,
    verify,
    ExtendedPoint: Point,
    utils
  };
}

// node_modules/@noble/curves/esm/ed25519.js
var ED25519_P = BigInt("57896044618658097711785492504343953926634992332820282019728792003956564819949");
var ED25519_SQRT_M1 = /* @__PURE__ */ BigInt("19681161376707505956807079304988542015446066515923890162744021073123829784752");
var _0n6 = BigInt(0);
var _1n6 = BigInt(1);
var _2n5 = BigInt(2);
var _3n3 = BigInt(3);
var _5n2 = BigInt(5);
var _8n3 = BigInt(8);
function ed25519_pow_2_252_3(x) {
  const _10n = BigInt(10), _20n = BigInt(20), _40n = BigInt(40), _80n = BigInt(80);
  const P3 = ED25519_P;
  const x2 = x * x % P3;
  const b2 = x2 * x % P3;
  const b4 = pow2(b2, _2n5, P3) * b2 % P3;
  const b5 = pow2(b4, _1n6, P3) * x % P3;
  const b10 = pow2(b5, _5n2, P3) * b5 % P3;
  const b20 = pow2(b10, _10n, P3) * b10 % P3;
  const b40 = pow2(b20, _20n, P3) * b20 % P3;
  const b80 = pow2(b40, _40n, P3) * b40 % P3;
  const b160 = pow2(b80, _80n, P3) * b80 % P3;
  const b240 = pow2(b160, _80n, P3) * b80 % P3;
  const b250 = pow2(b240, _10n, P3) * b10 % P3;
  const pow_p_5_8 = pow2(b250, _2n5, P3) * x % P3;
  return { pow_p_5_8, b2 };
}
function adjustScalarBytes(bytes2) {
  bytes2[0] &= 248;
  bytes2[31] &= 127;
  bytes2[31] |= 64;
  return bytes2;
}
function uvRatio(u, v) {
  const P3 = ED25519_P;
  const v3 = mod(v * v * v, P3);
  const v7 = mod(v3 * v3 * v, P3);
  const pow3 = ed25519_pow_2_252_3(u * v7).pow_p_5_8;
  let x = mod(u * v3 * pow3, P3);
  const vx2 = mod(v * x * x, P3);
  const root1 = x;
  const root2 = mod(x * ED25519_SQRT_M1, P3);
  const useRoot1 = vx2 === u;
  const useRoot2 = vx2 === mod(-u, P3);
  const noRoot = vx2 === mod(-u * ED25519_SQRT_M1, P3);
  if (useRoot1)
    x = root1;
  if (useRoot2 || noRoot)
    x = root2;
  if (isNegativeLE(x, P3))
    x = mod(-x, P3);
  return { isValid: useRoot1 || useRoot2, value: x };
}
var Fp4 = /* @__PURE__ */ (() => Field(ED25519_P, void 0, true))();
var ed25519Defaults = /* @__PURE__ */ (() => ({
  // Param: a
  a: BigInt(-1),
  // Fp.create(-1) is proper; our way still works and is faster
  // d is equal to -121665/121666 over finite field.
  // Negative number is P - number, and division is invert(number, P)
  d: BigInt("37095705934669439343138083508754565189542113879843219016388785533085940283555"),
  // Finite field 𝔽p over which we'll do calculations; 2n**255n - 19n
  Fp: Fp4,
  // Subgroup order: how many points curve has
  // 2n**252n + 27742317777372353535851937790883648493n;
  n: BigInt("7237005577332262213973186563042994240857116359379907606001950938285454250989"),
  // Cofactor
  h: _8n3,
  // Base point (x, y) aka generator point
  Gx: BigInt("15112221349535400772501151409588531511454012693041857206046113283949847762202"),
  Gy: BigInt("46316835694926478169428394003475163141307993866256225615783033603165251855960"),
  hash: sha512,
  randomBytes,
  adjustScalarBytes,
  // dom2
  // Ratio of u to v. Allows us to combine inversion and square root. Uses algo from RFC8032 5.1.3.
  // Constant-time, u/√v
  uvRatio
}))();
var ed25519 = /* @__PURE__ */ (() => twistedEdwards(ed25519Defaults))();
function assertRstPoint(other) {
  if (!(other instanceof RistPoint))
    throw new Error("RistrettoPoint expected");
}
var SQRT_M1 = ED25519_SQRT_M1;
var SQRT_AD_MINUS_ONE = /* @__PURE__ */ BigInt("25063068953384623474111414158702152701244531502492656460079210482610430750235");
var INVSQRT_A_MINUS_D = /* @__PURE__ */ BigInt("54469307008909316920995813868745141605393597292927456921205312896311721017578");
var ONE_MINUS_D_SQ = /* @__PURE__ */ BigInt("1159843021668779879193775521855586647937357759715417654439879720876111806838");
var D_MINUS_ONE_SQ = /* @__PURE__ */ BigInt("40440834346308536858101042469323190826248399146238708352240133220865137265952");
var invertSqrt = (number2) => uvRatio(_1n6, number2);
var MAX_255B = /* @__PURE__ */ BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
var bytes255ToNumberLE = (bytes2) => ed25519.CURVE.Fp.create(bytesToNumberLE(bytes2) & MAX_255B);
function calcElligatorRistrettoMap(r0) {
  const { d } = ed25519.CURVE;
  const P3 = ed25519.CURVE.Fp.ORDER;
  const mod2 = ed25519.CURVE.Fp.create;
  const r = mod2(SQRT_M1 * r0 * r0);
  const Ns = mod2((r + _1n6) * ONE_MINUS_D_SQ);
  let c = BigInt(-1);
  const D = mod2((c - d * r) * mod2(r + d));
  let { isValid: Ns_D_is_sq, value: s } = uvRatio(Ns, D);
  let s_ = mod2(s * r0);
  if (!isNegativeLE(s_, P3))
    s_ = mod2(-s_);
  if (!Ns_D_is_sq)
    s = s_;
  if (!Ns_D_is_sq)
    c = r;
  const Nt = mod2(c * (r - _1n6) * D_MINUS_ONE_SQ - D);
  const s2 = s * s;
  const W0 = mod2((s + s) * D);
  const W1 = mod2(Nt * SQRT_AD_MINUS_ONE);
  const W2 = mod2(_1n6 - s2);
  const W3 = mod2(_1n6 + s2);
  return new ed25519.ExtendedPoint(mod2(W0 * W3), mod2(W2 * W1), mod2(W1 * W3), mod2(W0 * W2));
}
var RistPoint = class _RistPoint {
  // Private property to discourage combining ExtendedPoint + RistrettoPoint
  // Always use Ristretto encoding/decoding instead.
  constructor(ep) {
    this.ep = ep;
  }
  static fromAffine(ap) {
    return new _RistPoint(ed25519.ExtendedPoint.fromAffine(ap));
  }
  /**
   * Takes uniform output of 64-byte hash function like sha512 and converts it to `RistrettoPoint`.
   * The hash-to-group operation applies Elligator twice and adds the results.
   * **Note:** this is one-way map, there is no conversion from point to hash.
   * https://ristretto.group/formulas/elligator.html
   * @param hex 64-byte output of a hash function
   */
  static hashToCurve(hex) {
    hex = ensureBytes("ristrettoHash", hex, 64);
    const r1 = bytes255ToNumberLE(hex.slice(0, 32));
    const R1 = calcElligatorRistrettoMap(r1);
    const r2 = bytes255ToNumberLE(hex.slice(32, 64));
    const R2 = calcElligatorRistrettoMap(r2);
    return new _RistPoint(R1.add(R2));
  }
  /**
   * Converts ristretto-encoded string to ristretto point.
   * https://ristretto.group/formulas/decoding.html
   * @param hex Ristretto-encoded 32 bytes. Not every 32-byte string is valid ristretto encoding
   */
  static fromHex(hex) {
    hex = ensureBytes("ristrettoHex", hex, 32);
    const { a, d } = ed25519.CURVE;
    const P3 = ed25519.CURVE.Fp.ORDER;
    const mod2 = ed25519.CURVE.Fp.create;
    const emsg = "RistrettoPoint.fromHex: the hex is not valid encoding of RistrettoPoint";
    const s = bytes255ToNumberLE(hex);
    if (!equalBytes(numberToBytesLE(s, 32), hex) || isNegativeLE(s, P3))
      throw new Error(emsg);
    const s2 = mod2(s * s);
    const u1 = mod2(_1n6 + a * s2);
    const u2 = mod2(_1n6 - a * s2);
    const u1_2 = mod2(u1 * u1);
    const u2_2 = mod2(u2 * u2);
    const v = mod2(a * d * u1_2 - u2_2);
    const { isValid, value: I } = invertSqrt(mod2(v * u2_2));
    const Dx = mod2(I * u2);
    const Dy = mod2(I * Dx * v);
    let x = mod2((s + s) * Dx);
    if (isNegativeLE(x, P3))
      x = mod2(-x);
    const y = mod2(u1 * Dy);
    const t = mod2(x * y);
    if (!isValid || isNegativeLE(t, P3) || y === _0n6)
      throw new Error(emsg);
    return new _RistPoint(new ed25519.ExtendedPoint(x, y, _1n6, t));
  }
  /**
   * Encodes ristretto point to Uint8Array.
   * https://ristretto.group/formulas/encoding.html
   */
  toRawBytes() {
    let { ex: x, ey: y, ez: z, et: t } = this.ep;
    const P3 = ed25519.CURVE.Fp.ORDER;
    const mod2 = ed25519.CURVE.Fp.create;
    const u1 = mod2(mod2(z + y) * mod2(z - y));
    const u2 = mod2(x * y);
    const u2sq = mod2(u2 * u2);
    const { value: invsqrt } = invertSqrt(mod2(u1 * u2sq));
    const D1 = mod2(invsqrt * u1);
    const D2 = mod2(invsqrt * u2);
    const zInv = mod2(D1 * D2 * t);
    let D;
    if (isNegativeLE(t * zInv, P3)) {
      let _x = mod2(y * SQRT_M1);
      let _y = mod2(x * SQRT_M1);
      x = _x;
      y = _y;
      D = mod2(D1 * INVSQRT_A_MINUS_D);
    } else {
      D = D2;
    }
    if (isNegativeLE(x * zInv, P3))
      y = mod2(-y);
    let s = mod2((z - y) * D);
    if (isNegativeLE(s, P3))
      s = mod2(-s);
    return numberToBytesLE(s, 32);
  }
  toHex() {
    return bytesToHex(this.toRawBytes());
  }
  toString() {
    return this.toHex();
  }
  // Compare one point to another.
  equals(other) {
    assertRstPoint(other);
    const { ex: X1, ey: Y1 } = this.ep;
    const { ex: X2, ey: Y2 } = other.ep;
    const mod2 = ed25519.CURVE.Fp.create;
    const one = mod2(X1 * Y2) === mod2(Y1 * X2);
    const two = mod2(Y1 * Y2) === mod2(X1 * X2);
    return one || two;
  }
  add(other) {
    assertRstPoint(other);
    return new _RistPoint(this.ep.add(other.ep));
  }
  subtract(other) {
    assertRstPoint(other);
    return new _RistPoint(this.ep.subtract(other.ep));
  }
  multiply(scalar) {
    return new _RistPoint(this.ep.multiply(scalar));
  }
  multiplyUnsafe(scalar) {
    return new _RistPoint(this.ep.multiplyUnsafe(scalar));
  }
  double() {
    return new _RistPoint(this.ep.double());
  }
  negate() {
    return new _RistPoint(this.ep.negate());
  }
};
var RistrettoPoint = /* @__PURE__ */ (() => {
  if (!RistPoint.BASE)
    RistPoint.BASE = new RistPoint(ed25519.ExtendedPoint.BASE);
  if (!RistPoint.ZERO)
    RistPoint.ZERO = new RistPoint(ed25519.ExtendedPoint.ZERO);
  return RistPoint;
})();
var hashToRistretto255 = (msg, options) => {
  const d = options.DST;
  const DST = typeof d === "string" ? utf8ToBytes2(d) : d;
  const uniform_bytes = expand_message_xmd(msg, DST, 64, sha512);
  const P3 = RistPoint.hashToCurve(uniform_bytes);
  return P3;
};

// node_modules/@noble/hashes/esm/sha3.js
var SHA3_PI = [];
var SHA3_ROTL = [];
var _SHA3_IOTA = [];
var _0n7 = /* @__PURE__ */ BigInt(0);
var _1n7 = /* @__PURE__ */ BigInt(1);
var _2n6 = /* @__PURE__ */ BigInt(2);
var _7n = /* @__PURE__ */ BigInt(7);
var _256n = /* @__PURE__ */ BigInt(256);
var _0x71n = /* @__PURE__ */ BigInt(113);
for (let round = 0, R = _1n7, x = 1, y = 0; round < 24; round++) {
  [x, y] = [y, (2 * x + 3 * y) % 5];
  SHA3_PI.push(2 * (5 * y + x));
  SHA3_ROTL.push((round + 1) * (round + 2) / 2 % 64);
  let t = _0n7;
  for (let j = 0; j < 7; j++) {
    R = (R << _1n7 ^ (R >> _7n) * _0x71n) % _256n;
    if (R & _2n6)
      t ^= _1n7 << (_1n7 << /* @__PURE__ */ BigInt(j)) - _1n7;
  }
  _SHA3_IOTA.push(t);
}
var [SHA3_IOTA_H, SHA3_IOTA_L] = /* @__PURE__ */ split(_SHA3_IOTA, true);
var rotlH = (h, l, s) => s > 32 ? rotlBH(h, l, s) : rotlSH(h, l, s);
var rotlL = (h, l, s) => s > 32 ? rotlBL(h, l, s) : rotlSL(h, l, s);
function keccakP(s, rounds = 24) {
  const B = new Uint32Array(5 * 2);
  for (let round = 24 - rounds; round < 24; round++) {
    for (let x = 0; x < 10; x++)
      B[x] = s[x] ^ s[x + 10] ^ s[x + 20] ^ s[x + 30] ^ s[x + 40];
    for (let x = 0; x < 10; x += 2) {
      const idx1 = (x + 8) % 10;
      const idx0 = (x + 2) % 10;
      const B0 = B[idx0];
      const B1 = B[idx0 + 1];
      const Th = rotlH(B0, B1, 1) ^ B[idx1];
      const Tl = rotlL(B0, B1, 1) ^ B[idx1 + 1];
      for (let y = 0; y < 50; y += 10) {
        s[x + y] ^= Th;
        s[x + y + 1] ^= Tl;
      }
    }
    let curH = s[2];
    let curL = s[3];
    for (let t = 0; t < 24; t++) {
      const shift = SHA3_ROTL[t];
      const Th = rotlH(curH, curL, shift);
      const Tl = rotlL(curH, curL, shift);
      const PI = SHA3_PI[t];
      curH = s[PI];
      curL = s[PI + 1];
      s[PI] = Th;
      s[PI + 1] = Tl;
    }
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x++)
        B[x] = s[y + x];
      for (let x = 0; x < 10; x++)
        s[y + x] ^= ~B[(x + 2) % 10] & B[(x + 4) % 10];
    }
    s[0] ^= SHA3_IOTA_H[round];
    s[1] ^= SHA3_IOTA_L[round];
  }
  B.fill(0);
}
var Keccak = class _Keccak extends Hash {
  // NOTE: we accept arguments in bytes instead of bits here.
  constructor(blockLen, suffix, outputLen, enableXOF = false, rounds = 24) {
    super();
    this.blockLen = blockLen;
    this.suffix = suffix;
    this.outputLen = outputLen;
    this.enableXOF = enableXOF;
    this.rounds = rounds;
    this.pos = 0;
    this.posOut = 0;
    this.finished = false;
    this.destroyed = false;
    number(outputLen);
    if (0 >= this.blockLen || this.blockLen >= 200)
      throw new Error("Sha3 supports only keccak-f1600 function");
    this.state = new Uint8Array(200);
    this.state32 = u32(this.state);
  }
  keccak() {
    if (!isLE)
      byteSwap32(this.state32);
    keccakP(this.state32, this.rounds);
    if (!isLE)
      byteSwap32(this.state32);
    this.posOut = 0;
    this.pos = 0;
  }
  update(data) {
    exists(this);
    const { blockLen, state } = this;
    data = toBytes(data);
    const len = data.length;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      for (let i = 0; i < take; i++)
        state[this.pos++] ^= data[pos++];
      if (this.pos === blockLen)
        this.keccak();
    }
    return this;
  }
  finish() {
    if (this.finished)
      return;
    this.finished = true;
    const { state, suffix, pos, blockLen } = this;
    state[pos] ^= suffix;
    if ((suffix & 128) !== 0 && pos === blockLen - 1)
      this.keccak();
    state[blockLen - 1] ^= 128;
    this.keccak();
  }
  writeInto(out) {
    exists(this, false);
    bytes(out);
    this.finish();
    const bufferOut = this.state;
    const { blockLen } = this;
    for (let pos = 0, len = out.length; pos < len; ) {
      if (this.posOut >= blockLen)
        this.keccak();
      const take = Math.min(blockLen - this.posOut, len - pos);
      out.set(bufferOut.subarray(this.posOut, this.posOut + take), pos);
      this.posOut += take;
      pos += take;
    }
    return out;
  }
  xofInto(out) {
    if (!this.enableXOF)
      throw new Error("XOF is not possible for this instance");
    return this.writeInto(out);
  }
  xof(bytes2) {
    number(bytes2);
    return this.xofInto(new Uint8Array(bytes2));
  }
  digestInto(out) {
    output(out, this);
    if (this.finished)
      throw new Error("digest() was already called");
    this.writeInto(out);
    this.destroy();
    return out;
  }
  digest() {
    return this.digestInto(new Uint8Array(this.outputLen));
  }
  destroy() {
    this.destroyed = true;
    this.state.fill(0);
  }
  _cloneInto(to) {
    const { blockLen, suffix, outputLen, rounds, enableXOF } = this;
    to || (to = new _Keccak(blockLen, suffix, outputLen, enableXOF, rounds));
    to.state32.set(this.state32);
    to.pos = this.pos;
    to.posOut = this.posOut;
    to.finished = this.finished;
    to.rounds = rounds;
    to.suffix = suffix;
    to.outputLen = outputLen;
    to.enableXOF = enableXOF;
    to.destroyed = this.destroyed;
    return to;
  }
};
var gen = (suffix, blockLen, outputLen) => wrapConstructor(() => new Keccak(blockLen, suffix, outputLen));
var sha3_224 = /* @__PURE__ */ gen(6, 144, 224 / 8);
var sha3_256 = /* @__PURE__ */ gen(6, 136, 256 / 8);
var sha3_384 = /* @__PURE__ */ gen(6, 104, 384 / 8);
var sha3_512 = /* @__PURE__ */ gen(6, 72, 512 / 8);
var keccak_224 = /* @__PURE__ */ gen(1, 144, 224 / 8);
var keccak_256 = /* @__PURE__ */ gen(1, 136, 256 / 8);
var keccak_384 = /* @__PURE__ */ gen(1, 104, 384 / 8);
var keccak_512 = /* @__PURE__ */ gen(1, 72, 512 / 8);
var genShake = (suffix, blockLen, outputLen) => wrapXOFConstructorWithOpts((opts = {}) => new Keccak(blockLen, suffix, opts.dkLen === void 0 ? outputLen : opts.dkLen, true));
var shake128 = /* @__PURE__ */ genShake(31, 168, 128 / 8);
var shake256 = /* @__PURE__ */ genShake(31, 136, 256 / 8);

// node_modules/@noble/curves/esm/ed448.js
var shake256_114 = wrapConstructor(() => shake256.create({ dkLen: 114 }));
var shake256_64 = wrapConstructor(() => shake256.create({ dkLen: 64 }));
var ed448P = BigInt("726838724295606890549323807888004534353641360687318060281490199180612328166730772686396383698676545930088884461843637361053498018365439");
var _1n8 = BigInt(1);
var _2n7 = BigInt(2);
var _3n4 = BigInt(3);
var _4n3 = BigInt(4);
var _11n = BigInt(11);
var _22n = BigInt(22);
var _44n = BigInt(44);
var _88n = BigInt(88);
var _223n = BigInt(223);
function ed448_pow_Pminus3div4(x) {
  const P3 = ed448P;
  const b2 = x * x * x % P3;
  const b3 = b2 * b2 * x % P3;
  const b6 = pow2(b3, _3n4, P3) * b3 % P3;
  const b9 = pow2(b6, _3n4, P3) * b3 % P3;
  const b11 = pow2(b9, _2n7, P3) * b2 % P3;
  const b22 = pow2(b11, _11n, P3) * b11 % P3;
  const b44 = pow2(b22, _22n, P3) * b22 % P3;
  const b88 = pow2(b44, _44n, P3) * b44 % P3;
  const b176 = pow2(b88, _88n, P3) * b88 % P3;
  const b220 = pow2(b176, _44n, P3) * b44 % P3;
  const b222 = pow2(b220, _2n7, P3) * b2 % P3;
  const b223 = pow2(b222, _1n8, P3) * x % P3;
  return pow2(b223, _223n, P3) * b222 % P3;
}
function adjustScalarBytes2(bytes2) {
  bytes2[0] &= 252;
  bytes2[55] |= 128;
  bytes2[56] = 0;
  return bytes2;
}
function uvRatio2(u, v) {
  const P3 = ed448P;
  const u2v = mod(u * u * v, P3);
  const u3v = mod(u2v * u, P3);
  const u5v3 = mod(u3v * u2v * v, P3);
  const root = ed448_pow_Pminus3div4(u5v3);
  const x = mod(u3v * root, P3);
  const x2 = mod(x * x, P3);
  return { isValid: mod(x2 * v, P3) === u, value: x };
}
var Fp5 = Field(ed448P, 456, true);
var ED448_DEF = {
  // Param: a
  a: BigInt(1),
  // -39081. Negative number is P - number
  d: BigInt("726838724295606890549323807888004534353641360687318060281490199180612328166730772686396383698676545930088884461843637361053498018326358"),
  // Finite field 𝔽p over which we'll do calculations; 2n**448n - 2n**224n - 1n
  Fp: Fp5,
  // Subgroup order: how many points curve has;
  // 2n**446n - 13818066809895115352007386748515426880336692474882178609894547503885n
  n: BigInt("181709681073901722637330951972001133588410340171829515070372549795146003961539585716195755291692375963310293709091662304773755859649779"),
  // RFC 7748 has 56-byte keys, RFC 8032 has 57-byte keys
  nBitLength: 456,
  // Cofactor
  h: BigInt(4),
  // Base point (x, y) aka generator point
  Gx: BigInt("224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710"),
  Gy: BigInt("298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660"),
  // SHAKE256(dom4(phflag,context)||x, 114)
  hash: shake256_114,
  randomBytes,
  adjustScalarBytes: adjustScalarBytes2,
  // dom4
  domain: (data, ctx, phflag) => {
    if (ctx.length > 255)
      throw new Error(`Context is too big: ${ctx.length}`);
    return concatBytes2(utf8ToBytes2("SigEd448"), new Uint8Array([phflag ? 1 : 0, ctx.length]), ctx, data);
  },
  uvRatio: uvRatio2
};
var ed448 = /* @__PURE__ */ twistedEdwards(ED448_DEF);
var ed448ph = /* @__PURE__ */ twistedEdwards({ ...ED448_DEF, prehash: shake256_64 });
var ELL2_C1 = (Fp5.ORDER - BigInt(3)) / BigInt(4);
var ELL2_J = BigInt(156326);
function assertDcfPoint(other) {
  if (!(other instanceof DcfPoint))
    throw new Error("DecafPoint expected");
}
var ONE_MINUS_D = BigInt("39082");
var ONE_MINUS_TWO_D = BigInt("78163");
var SQRT_MINUS_D = BigInt("98944233647732219769177004876929019128417576295529901074099889598043702116001257856802131563896515373927712232092845883226922417596214");
var INVSQRT_MINUS_D = BigInt("315019913931389607337177038330951043522456072897266928557328499619017160722351061360252776265186336876723201881398623946864393857820716");
var invertSqrt2 = (number2) => uvRatio2(_1n8, number2);
var MAX_448B = BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
var bytes448ToNumberLE = (bytes2) => ed448.CURVE.Fp.create(bytesToNumberLE(bytes2) & MAX_448B);
function calcElligatorDecafMap(r0) {
  const { d } = ed448.CURVE;
  const P3 = ed448.CURVE.Fp.ORDER;
  const mod2 = ed448.CURVE.Fp.create;
  const r = mod2(-(r0 * r0));
  const u0 = mod2(d * (r - _1n8));
  const u1 = mod2((u0 + _1n8) * (u0 - r));
  const { isValid: was_square, value: v } = uvRatio2(ONE_MINUS_TWO_D, mod2((r + _1n8) * u1));
  let v_prime = v;
  if (!was_square)
    v_prime = mod2(r0 * v);
  let sgn = _1n8;
  if (!was_square)
    sgn = mod2(-_1n8);
  const s = mod2(v_prime * (r + _1n8));
  let s_abs = s;
  if (isNegativeLE(s, P3))
    s_abs = mod2(-s);
  const s2 = s * s;
  const W0 = mod2(s_abs * _2n7);
  const W1 = mod2(s2 + _1n8);
  const W2 = mod2(s2 - _1n8);
  const W3 = mod2(v_prime * s * (r - _1n8) * ONE_MINUS_TWO_D + sgn);
  return new ed448.ExtendedPoint(mod2(W0 * W3), mod2(W2 * W1), mod2(W1 * W3), mod2(W0 * W2));
}
var DcfPoint = class _DcfPoint {
  // Private property to discourage combining ExtendedPoint + DecafPoint
  // Always use Decaf encoding/decoding instead.
  constructor(ep) {
    this.ep = ep;
  }
  static fromAffine(ap) {
    return new _DcfPoint(ed448.ExtendedPoint.fromAffine(ap));
  }
  /**
   * Takes uniform output of 112-byte hash function like shake256 and converts it to `DecafPoint`.
   * The hash-to-group operation applies Elligator twice and adds the results.
   * **Note:** this is one-way map, there is no conversion from point to hash.
   * https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-ristretto255-decaf448-07#name-element-derivation-2
   * @param hex 112-byte output of a hash function
   */
  static hashToCurve(hex) {
    hex = ensureBytes("decafHash", hex, 112);
    const r1 = bytes448ToNumberLE(hex.slice(0, 56));
    const R1 = calcElligatorDecafMap(r1);
    const r2 = bytes448ToNumberLE(hex.slice(56, 112));
    const R2 = calcElligatorDecafMap(r2);
    return new _DcfPoint(R1.add(R2));
  }
  /**
   * Converts decaf-encoded string to decaf point.
   * https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-ristretto255-decaf448-07#name-decode-2
   * @param hex Decaf-encoded 56 bytes. Not every 56-byte string is valid decaf encoding
   */
  static fromHex(hex) {
    hex = ensureBytes("decafHex", hex, 56);
    const { d } = ed448.CURVE;
    const P3 = ed448.CURVE.Fp.ORDER;
    const mod2 = ed448.CURVE.Fp.create;
    const emsg = "DecafPoint.fromHex: the hex is not valid encoding of DecafPoint";
    const s = bytes448ToNumberLE(hex);
    if (!equalBytes(numberToBytesLE(s, 56), hex) || isNegativeLE(s, P3))
      throw new Error(emsg);
    const s2 = mod2(s * s);
    const u1 = mod2(_1n8 + s2);
    const u1sq = mod2(u1 * u1);
    const u2 = mod2(u1sq - _4n3 * d * s2);
    const { isValid, value: invsqrt } = invertSqrt2(mod2(u2 * u1sq));
    let u3 = mod2((s + s) * invsqrt * u1 * SQRT_MINUS_D);
    if (isNegativeLE(u3, P3))
      u3 = mod2(-u3);
    const x = mod2(u3 * invsqrt * u2 * INVSQRT_MINUS_D);
    const y = mod2((_1n8 - s2) * invsqrt * u1);
    const t = mod2(x * y);
    if (!isValid)
      throw new Error(emsg);
    return new _DcfPoint(new ed448.ExtendedPoint(x, y, _1n8, t));
  }
  /**
   * Encodes decaf point to Uint8Array.
   * https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-ristretto255-decaf448-07#name-encode-2
   */
  toRawBytes() {
    let { ex: x, ey: _y, ez: z, et: t } = this.ep;
    const P3 = ed448.CURVE.Fp.ORDER;
    const mod2 = ed448.CURVE.Fp.create;
    const u1 = mod2(mod2(x + t) * mod2(x - t));
    const x2 = mod2(x * x);
    const { value: invsqrt } = invertSqrt2(mod2(u1 * ONE_MINUS_D * x2));
    let ratio = mod2(invsqrt * u1 * SQRT_MINUS_D);
    if (isNegativeLE(ratio, P3))
      ratio = mod2(-ratio);
    const u2 = mod2(INVSQRT_MINUS_D * ratio * z - t);
    let s = mod2(ONE_MINUS_D * invsqrt * x * u2);
    if (isNegativeLE(s, P3))
      s = mod2(-s);
    return numberToBytesLE(s, 56);
  }
  toHex() {
    return bytesToHex(this.toRawBytes());
  }
  toString() {
    return this.toHex();
  }
  // Compare one point to another.
  // https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-ristretto255-decaf448-07#name-equals-2
  equals(other) {
    assertDcfPoint(other);
    const { ex: X1, ey: Y1 } = this.ep;
    const { ex: X2, ey: Y2 } = other.ep;
    const mod2 = ed448.CURVE.Fp.create;
    return mod2(X1 * Y2) === mod2(Y1 * X2);
  }
  add(other) {
    assertDcfPoint(other);
    return new _DcfPoint(this.ep.add(other.ep));
  }
  subtract(other) {
    assertDcfPoint(other);
    return new _DcfPoint(this.ep.subtract(other.ep));
  }
  multiply(scalar) {
    return new _DcfPoint(this.ep.multiply(scalar));
  }
  multiplyUnsafe(scalar) {
    return new _DcfPoint(this.ep.multiplyUnsafe(scalar));
  }
  double() {
    return new _DcfPoint(this.ep.double());
  }
  negate() {
    return new _DcfPoint(this.ep.negate());
  }
};
var DecafPoint = /* @__PURE__ */ (() => {
  if (!DcfPoint.BASE)
    DcfPoint.BASE = new DcfPoint(ed448.ExtendedPoint.BASE).multiply(_2n7);
  if (!DcfPoint.ZERO)
    DcfPoint.ZERO = new DcfPoint(ed448.ExtendedPoint.ZERO);
  return DcfPoint;
})();
var hashToDecaf448 = (msg, options) => {
  const d = options.DST;
  const DST = typeof d === "string" ? utf8ToBytes2(d) : d;
  const uniform_bytes = expand_message_xof(msg, DST, 112, 224, shake256);
  const P3 = DcfPoint.hashToCurve(uniform_bytes);
  return P3;
};

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/short.js
function shortCurve({ hashID, curve, elementHash, securityBits }) {
  const scalarField = Field(curve.CURVE.n);
  const Point = curve.ProjectivePoint;
  const elementFieldSize = curve.CURVE.Fp.BYTES;
  return {
    isEdwards: false,
    scalar: {
      field: scalarField,
      size: scalarField.BYTES,
      hash: {
        type: "hash_to_field",
        params: { p: curve.CURVE.n, k: securityBits, expand: "xmd" }
      }
    },
    element: {
      Point,
      hash: elementHash,
      size: {
        compressed: elementFieldSize + 1,
        standard: elementFieldSize * 2 + 1
      }
    },
    hash: {
      id: hashID,
      fn: curve.CURVE.hash,
      size: curve.CURVE.hash.outputLen
    }
  };
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/edwards.js
function edwardsCurve({ curve, hashID, scalarHash, element, hash: hash2 }) {
  const scalarField = Field(curve.CURVE.n, void 0, true);
  const elementField = Field(curve.CURVE.p);
  return {
    isEdwards: true,
    scalar: {
      field: scalarField,
      size: scalarField.BYTES,
      hash: scalarHash
    },
    element: {
      ...element,
      size: {
        compressed: elementField.BYTES,
        standard: elementField.BYTES
      }
    },
    hash: {
      id: hashID,
      size: hash2.outputLen,
      fn: hash2
    }
  };
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/hashes.js
var shake256_512 = wrapConstructor(() => shake256.create({ dkLen: 64 }));
var HASHES = {
  "SHA-256": sha256,
  "SHA-384": sha384,
  "SHA-512": sha512,
  SHAKE256: shake256_512
};
function hashSync(hashID, input) {
  if (!(hashID in HASHES)) {
    throw new Error(`Unknown hashID=${hashID}`);
  }
  const { [hashID]: fn } = HASHES;
  return fn(input);
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/params.js
var GROUPS = {
  [GROUP.P256]: shortCurve({
    curve: p256,
    hashID: "SHA-256",
    elementHash: hashToCurve,
    securityBits: 128
  }),
  [GROUP.P384]: shortCurve({
    curve: p384,
    hashID: "SHA-384",
    elementHash: hashToCurve2,
    securityBits: 192
  }),
  [GROUP.P521]: shortCurve({
    curve: p521,
    hashID: "SHA-512",
    elementHash: hashToCurve3,
    securityBits: 256
  }),
  [GROUP.RISTRETTO255]: edwardsCurve({
    curve: ed25519,
    hashID: "SHA-512",
    scalarHash: { type: "xmd" },
    element: {
      hash: hashToRistretto255,
      Point: RistrettoPoint
    },
    hash: sha512
  }),
  [GROUP.DECAF448]: edwardsCurve({
    curve: ed448,
    hashID: "SHAKE256",
    scalarHash: { type: "xof", k: 448 },
    element: {
      hash: hashToDecaf448,
      Point: DecafPoint
    },
    hash: shake256_512
  })
};
function getParams(gid) {
  if (!Object.values(GROUP).includes(gid))
    throw errBadGroup(gid);
  const { [gid]: params } = GROUPS;
  return params;
}

// node_modules/@cloudflare/voprf-ts/lib/esm/src/noble/group.js
var __classPrivateFieldGet = function(receiver, state, kind, f) {
  if (kind === "a" && !f) throw new TypeError("Private accessor was defined without a getter");
  if (typeof state === "function" ? receiver !== state || !f : !state.has(receiver)) throw new TypeError("Cannot read private member from an object whose class did not declare it");
  return kind === "m" ? f : kind === "a" ? f.call(receiver) : f ? f.value : state.get(receiver);
};
var _a;
var _GroupNb_cache;
var GroupNb = class {
  static get(gid) {
    let { [gid]: group } = __classPrivateFieldGet(this, _a, "f", _GroupNb_cache);
    if (!group) {
      group = new this(gid);
      Object.assign(__classPrivateFieldGet(this, _a, "f", _GroupNb_cache), { gid: group });
    }
    return group;
  }
  constructor(gid) {
    this.eltDes = {
      size: (compressed) => this.eltSize(compressed),
      deserialize: (b) => this.desElt(b)
    };
    this.scalarDes = {
      size: () => this.scalarSize(),
      deserialize: (b) => this.desScalar(b)
    };
    this.params = getParams(gid);
    this.id = gid;
  }
  bytesToNumber(bytes2) {
    return this.params.isEdwards ? bytesToNumberLE(bytes2) : bytesToNumberBE(bytes2);
  }
  newScalar() {
    return ScalarNb.create(this);
  }
  newElt() {
    return this.identity();
  }
  identity() {
    return EltNb.create(this);
  }
  generator() {
    return EltNb.gen(this);
  }
  mulGen(s) {
    return EltNb.gen(this).mul(s);
  }
  randomScalar() {
    const msg = crypto.getRandomValues(new Uint8Array(this.params.scalar.size));
    return Promise.resolve(ScalarNb.hash(this, msg, new Uint8Array()));
  }
  hashToGroup(msg, dst) {
    return Promise.resolve(EltNb.hash(this, msg, dst));
  }
  hashToScalar(msg, dst) {
    return Promise.resolve(ScalarNb.hash(this, msg, dst));
  }
  desElt(bytes2) {
    return EltNb.deserialize(this, bytes2);
  }
  desScalar(bytes2) {
    return ScalarNb.deserialize(this, bytes2);
  }
  eltSize(compressed) {
    return EltNb.size(this, compressed);
  }
  scalarSize() {
    return ScalarNb.size(this);
  }
};
_a = GroupNb;
GroupNb.supportedGroups = [
  GROUP.RISTRETTO255,
  GROUP.DECAF448,
  GROUP.P256,
  GROUP.P384,
  GROUP.P521
];
_GroupNb_cache = { value: {} };

// node_modules/@cloudflare/voprf-ts/lib/esm/src/cryptoNoble.js
var CryptoNoble = {
  id: "noble",
  Group: GroupNb,
  hash(hashID, input) {
    return Promise.resolve(hashSync(hashID, input));
  }
};

// src/tokens.js
var SUITE2 = Oprf.Suite.RISTRETTO255_SHA512;
var NUMBER_BYTES = 32;
Oprf.Crypto = CryptoNoble;
function encode(bytes2) {
  return btoa(String.fromCharCode(...bytes2)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
function decode(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}
async function blindNumber(publicKey) {
  const number2 = crypto.getRandomValues(new Uint8Array(NUMBER_BYTES));
  const client = new VOPRFClient(SUITE2, decode(publicKey));
  const [finalizeData, request] = await client.blind([number2]);
  return { number: number2, client, finalizeData, publicKey, element: encode(request.blinded[0].serialize(true)) };
}
async function unblindToken(blinded, { evaluated, proof }) {
  const group = Oprf.getGroup(SUITE2);
  const elements = [group.desElt(decode(evaluated))];
  const evaluation = new Evaluation(Oprf.Mode.VOPRF, elements, DLEQProof.deserialize(group.id, decode(proof)));
  const [token] = await blinded.client.finalize(blinded.finalizeData, evaluation);
  return { number: encode(blinded.number), token: encode(token), publicKey: blinded.publicKey };
}

// src/weeks.js
var DAY = 24 * 3600 * 1e3;
function weekAt(time) {
  const at = new Date(time);
  const midnight = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
  const thursday = new Date(midnight + (3 - (at.getUTCDay() + 6) % 7) * DAY);
  const week = 1 + Math.floor((thursday - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * DAY));
  return `${String(thursday.getUTCFullYear()).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
}
function weekAfter(time, weeks) {
  return weekAt(time + weeks * 7 * DAY);
}
function acceptedWeeks(time) {
  return [weekAfter(time, -2), weekAfter(time, -1)];
}

// src/usage-telemetry.js
var QUESTION = {
  version: 2,
  text: "May this program send a report about its use once a week? It contains nothing that identifies you or this device, and no two of its reports can be linked."
};
var WEEKS_AHEAD = 13;
var FEW_TOKENS = 4;
var MAX_COUNT = 1e6;
var BUCKETS = [
  [300, "300 or more"],
  [100, "100 to 299"],
  [30, "30 to 99"],
  [10, "10 to 29"],
  [3, "3 to 9"],
  [1, "1 to 2"],
  [0, "0"]
];
var LOCALES = ["de", "en", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh"];
var isSettled = (status) => status < 500 && ![408, 425, 429].includes(status);
function bucketLabel(count) {
  return BUCKETS.find(([edge]) => edge <= Math.max(count, 0))[1];
}
function isRefusedByBrowser(browser = navigator) {
  return browser.globalPrivacyControl === true || browser.doNotTrack === "1" || browser.doNotTrack === "yes";
}
var UsageTelemetry = class {
  #storage;
  #key;
  constructor({ program, version, features = ["launches", "crashes", "syncs"], server, storage, now = Date.now }) {
    this.program = program;
    this.version = version;
    this.features = features;
    this.server = server;
    this.now = now;
    this.#storage = storage ?? localStorage;
    this.#key = `candor-telemetry/${program}/`;
  }
  // { agreed: true | false | null, questionVersion, firstWeek }. What cannot be read is a no that is kept as it is.
  get answer() {
    const stored = this.#readText("answer");
    if (stored === null) return { agreed: null, isReadable: true };
    const found = parse(stored);
    const { agreed, questionVersion, firstWeek } = found ?? {};
    const isOurs = typeof agreed === "boolean" && Number.isInteger(questionVersion) && typeof firstWeek === "string";
    return isOurs ? { agreed, questionVersion, firstWeek, isReadable: true } : { agreed: null, isReadable: false };
  }
  get isOn() {
    const { agreed, questionVersion, firstWeek } = this.answer;
    return !isRefusedByBrowser() && agreed === true && questionVersion === QUESTION.version && firstWeek !== "";
  }
  shouldAsk() {
    const { agreed, questionVersion, isReadable } = this.answer;
    const isSettledAnswer = agreed === false || !isReadable || agreed && questionVersion === QUESTION.version;
    return !isRefusedByBrowser() && !isSettledAnswer;
  }
  // Stores the answer and returns what is then stored. A no deletes counts and tokens, and sends nothing.
  setAnswer(agreed) {
    if (agreed && isRefusedByBrowser()) throw new Error("This browser asks not to be tracked.");
    if (agreed && this.isOn) return this.answer;
    if (!agreed) for (const name of ["counts", "tokens"]) this.#storage.removeItem(this.#key + name);
    const firstWeek = agreed ? weekAfter(this.now(), 1) : "";
    this.#write("answer", { agreed: agreed === true, questionVersion: QUESTION.version, firstWeek });
    return this.answer;
  }
  count(feature, by = 1) {
    if (!this.features.includes(feature)) throw new Error(`${feature} is no feature of ${this.program}`);
    const week = weekAt(this.now());
    if (!this.isOn || week < this.answer.firstWeek) return;
    const counts = this.#read("counts");
    const found = counts[week] ?? {};
    found[feature] = Math.min((found[feature] ?? 0) + by, MAX_COUNT);
    this.#write("counts", { ...counts, [week]: found });
  }
  // The body of the report of a week, exactly as it is sent; null where there is no token yet.
  buildReport(week) {
    const { [week]: token } = this.#read("tokens");
    const { [week]: counted = {} } = this.#read("counts");
    if (!token) return null;
    const counters = Object.fromEntries(this.features.map((name) => [name, bucketLabel(counted[name] ?? 0)]));
    const language = (navigator.language ?? "").split("-")[0];
    return JSON.stringify({
      reports: [
        {
          question_version: QUESTION.version,
          week,
          number: token.number,
          token: token.token,
          program: this.program,
          version: this.version,
          os: "web",
          locale: LOCALES.includes(language) ? language : "other",
          counters
        }
      ]
    });
  }
  // The bodies of all reports that wait, by week.
  preview() {
    return Object.fromEntries(this.#waitingWeeks().map((week) => [week, this.buildReport(week)]));
  }
  // Deletes what may no longer be sent, sends what may, and fetches missing tokens. Returns the number of reports.
  async sendDue() {
    if (!this.isOn) return 0;
    this.#deleteStale();
    let sent = 0;
    for (const week of this.#waitingWeeks()) sent += await this.#sendReport(week) ? 1 : 0;
    await this.#fetchTokens();
    return sent;
  }
  // Has the report of a week deleted, also after a no.
  async deleteReport(week) {
    const { [week]: token } = this.#read("sent");
    if (!token) return false;
    const body = JSON.stringify({
      question_version: QUESTION.version,
      program: this.program,
      week,
      number: token.number,
      token: token.token
    });
    if (!(await this.#post("reports/deletions", body)).ok) return false;
    this.#write("sent", without(this.#read("sent"), week));
    return true;
  }
  #waitingWeeks() {
    const counts = this.#read("counts");
    return acceptedWeeks(this.now()).filter((week) => week in counts && this.buildReport(week) !== null);
  }
  async #sendReport(week) {
    const reply = await this.#post("reports", this.buildReport(week));
    if (!isSettled(reply.status)) return false;
    const tokens = this.#read("tokens");
    this.#write("sent", { ...this.#read("sent"), [week]: tokens[week] });
    this.#write("tokens", without(tokens, week));
    this.#write("counts", without(this.#read("counts"), week));
    return true;
  }
  #deleteStale() {
    const [closed, running] = [acceptedWeeks(this.now()), weekAt(this.now())];
    const ahead = Array.from({ length: WEEKS_AHEAD + 1 }, (_, by) => weekAfter(this.now(), by));
    const { firstWeek } = this.answer;
    this.#keep("counts", (week) => [...closed, running].includes(week) && week >= firstWeek);
    this.#keep("tokens", (week) => [...closed, ...ahead].includes(week));
    this.#keep("sent", (week) => closed.includes(week));
  }
  async #fetchTokens() {
    const tokens = this.#read("tokens");
    const wanted = Array.from({ length: WEEKS_AHEAD }, (_, by) => weekAfter(this.now(), by + 1));
    const missing = wanted.filter((week) => !(week in tokens));
    if (WEEKS_AHEAD - missing.length >= FEW_TOKENS) return;
    const keys = await this.#fetchKeys();
    const drawn = /* @__PURE__ */ new Map();
    for (const week of missing) if (week in keys) drawn.set(week, await blindNumber(keys[week]));
    if (drawn.size === 0) return;
    const fetched = await this.#evaluate(drawn);
    const trusted = Object.entries(tokens).filter(([week, token]) => (keys[week] ?? token.publicKey) === token.publicKey);
    if (this.isOn) this.#write("tokens", { ...Object.fromEntries(trusted), ...fetched });
  }
  async #fetchKeys() {
    const reply = await this.#request("keys");
    const { question_version: version, keys } = reply.ok ? await reply.json() : {};
    return version === QUESTION.version ? Object.fromEntries(keys.map((key) => [key.week, key.public_key])) : {};
  }
  async #evaluate(drawn) {
    const elements = Array.from(drawn, ([week, { element }]) => ({ week, blinded: element }));
    const body = JSON.stringify({ question_version: QUESTION.version, program: this.program, elements });
    const reply = await this.#post("tokens", body);
    const { evaluations = [] } = reply.ok ? await reply.json() : {};
    const found = {};
    for (const each of evaluations) {
      if (drawn.has(each.week)) found[each.week] = await unblindToken(drawn.get(each.week), each);
    }
    return found;
  }
  #post(path, body) {
    return this.#request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }
  #request(path, options = {}) {
    return fetch(`${this.server}/v1/telemetry/${path}`, {
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
      cache: "no-store",
      ...options
    });
  }
  #readText(name) {
    try {
      return this.#storage.getItem(this.#key + name);
    } catch {
      return null;
    }
  }
  #read(name) {
    const text = this.#readText(name);
    return (text === null ? null : parse(text)) ?? {};
  }
  #write(name, value) {
    this.#storage.setItem(this.#key + name, JSON.stringify(value));
  }
  #keep(name, isKept) {
    const found = this.#read(name);
    const kept = Object.fromEntries(Object.entries(found).filter(([week]) => isKept(week)));
    if (Object.keys(kept).length < Object.keys(found).length) this.#write(name, kept);
  }
};
function parse(text) {
  try {
    const found = JSON.parse(text);
    return found !== null && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}
function without(found, week) {
  return Object.fromEntries(Object.entries(found).filter(([name]) => name !== week));
}
export {
  QUESTION,
  UsageTelemetry,
  acceptedWeeks,
  bucketLabel,
  isRefusedByBrowser,
  weekAfter,
  weekAt
};
/*!
@cloudflare/voprf-ts 1.0.0

Copyright (c) 2021 Cloudflare, Inc. and contributors.
Copyright (c) 2021 Cloudflare, Inc.
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice,
this list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
this list of conditions and the following disclaimer in the documentation
and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors
may be used to endorse or promote products derived from this software without
specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE
LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE.

----

@noble/curves 1.5.0

The MIT License (MIT)

Copyright (c) 2022 Paul Miller (https://paulmillr.com)

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the “Software”), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.

----

@noble/hashes 1.4.0

The MIT License (MIT)

Copyright (c) 2022 Paul Miller (https://paulmillr.com)

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the “Software”), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
