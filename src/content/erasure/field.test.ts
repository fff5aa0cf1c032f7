import assert from 'node:assert/strict'
import { test } from 'node:test'
import { divide, multiply, productsOf } from './field.ts'
import { slowProduct } from './naive-code.conformance.ts'

test('all products are those of polynomials modulo x^8 + x^4 + x^3 + x^2 + 1', () => {
  for (let a = 0; a < 256; a++) {
    const products = productsOf(a)
    for (let b = 0; b < 256; b++) {
      assert.equal(multiply(a, b), slowProduct(a, b), `${a} times ${b}`)
      assert.equal(products[b], slowProduct(a, b))
    }
  }
})

test('every division undoes a multiplication', () => {
  for (let a = 0; a < 256; a++)
    for (let b = 1; b < 256; b++) assert.equal(divide(multiply(a, b), b), a, `${a} times ${b}`)
  assert.throws(() => divide(1, 0), /divided by 0/)
})
