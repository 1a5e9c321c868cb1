// SPDX-License-Identifier: Apache-2.0
// node --require: the clock stands still at CLIENT_NOW, so that what a client sends can be compared byte for byte.
const now = Date.parse(process.env.CLIENT_NOW);
const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(now);
    else super(...given);
  }
  static now() {
    return now;
  }
};
