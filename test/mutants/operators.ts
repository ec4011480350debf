/**
 * What a mutant may be: one small change to one place of a TypeScript file, such as a programmer's slip would make.
 *
 * Guarantee: each mutant parses; it differs from the original in meaning, not only in form. Log lines, imports and
 * types are left alone: no behaviour depends on them.
 */
import ts from "typescript";

export interface Mutant {
  /** Character range in the file that is replaced. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** Counted from 1. */
  readonly line: number;
  readonly operator: string;
}

const swaps: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, ">="],
  [ts.SyntaxKind.LessThanEqualsToken, ">"],
  [ts.SyntaxKind.GreaterThanToken, "<="],
  [ts.SyntaxKind.GreaterThanEqualsToken, "<"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.AsteriskToken, "/"],
  [ts.SyntaxKind.SlashToken, "*"],
]);

/** @returns every mutant of a file, in order of place */
export function mutantsOf(fileName: string, text: string): readonly Mutant[] {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2023, true);
  const found: Mutant[] = [];
  const add = (node: ts.Node, replacement: string, operator: string): void => {
    const start = node.getStart(file);
    const { line } = file.getLineAndCharacterOfPosition(start);
    found.push({ start, end: node.getEnd(), replacement, line: line + 1, operator });
  };
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node, file)) return;
    mutate(node, file, add);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.toSorted((a, b) => a.start - b.start);
}

type Add = (node: ts.Node, replacement: string, operator: string) => void;

function mutate(node: ts.Node, file: ts.SourceFile, add: Add): void {
  const textOf = (part: ts.Node): string => part.getText(file);
  if (ts.isIfStatement(node) || ts.isWhileStatement(node)) {
    add(node.expression, `!(${textOf(node.expression)})`, "negated condition");
  } else if (ts.isConditionalExpression(node)) {
    add(node.condition, `!(${textOf(node.condition)})`, "negated condition");
  } else if (ts.isBinaryExpression(node)) {
    const swap = swaps.get(node.operatorToken.kind);
    // Between texts a plus joins, and a minus would only be nonsense.
    if (swap !== undefined && !isTextual(node))
      add(node.operatorToken, swap, `${textOf(node.operatorToken)} → ${swap}`);
  } else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    if (!ts.isLiteralTypeNode(node.parent)) {
      add(node, node.kind === ts.SyntaxKind.TrueKeyword ? "false" : "true", "flipped boolean");
    }
  } else if (
    ts.isReturnStatement(node) &&
    node.expression !== undefined &&
    // Nothing instead of a boolean is either the same to its caller or the same as the flipped one.
    !["undefined", "true", "false"].includes(textOf(node.expression))
  ) {
    add(node.expression, "(undefined as never)", "no return value");
  } else if (ts.isExpressionStatement(node) && !isSuperCall(node)) {
    add(node, ";", "removed statement");
  }
}

const isTextual = (node: ts.BinaryExpression): boolean =>
  [node.left, node.right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));

const isSuperCall = (node: ts.ExpressionStatement): boolean =>
  ts.isCallExpression(node.expression) && node.expression.expression.kind === ts.SyntaxKind.SuperKeyword;

function isLeftAlone(node: ts.Node, file: ts.SourceFile): boolean {
  if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  return (
    (ts.isExpressionStatement(node) || ts.isReturnStatement(node)) &&
    /^(void |return )?(this\.#?|#?\w+\.)*#?log\??\.\w+\(/.test(node.getText(file))
  );
}
