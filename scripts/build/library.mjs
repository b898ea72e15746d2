// Compiles the library as `tsc -p tsconfig.build.json` does, and describes the options in its declaration files: tsc
// leaves out the comments of a zod schema's properties, and editors would show an option without a word.
// usage: library.mjs OUT_DIR BUILD_INFO_FILE
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');
const [outDir, tsBuildInfoFile] = process.argv.slice(2);
const host = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (diagnostic) => report([diagnostic]),
};
const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.build.json'),
  { outDir, incremental: true, tsBuildInfoFile },
  host,
);
const program = ts.createIncrementalProgram({
  rootNames: fileNames,
  options,
  configFileParsingDiagnostics: errors,
});
const diagnostics = [
  ...program.getConfigFileParsingDiagnostics(),
  ...program.getOptionsDiagnostics(),
  ...program.getGlobalDiagnostics(),
  ...program.getSyntacticDiagnostics(),
  ...program.getSemanticDiagnostics(),
];
const emitted = program.emit(undefined, undefined, undefined, undefined, {
  afterDeclarations: [describeOptions(program.getProgram().getTypeChecker())],
});
report([...diagnostics, ...emitted.diagnostics]);

function report(found) {
  if (found.length === 0) return;
  process.stderr.write(
    ts.formatDiagnostics(ts.sortAndDeduplicateDiagnostics(found), {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    }),
  );
  process.exitCode = 1;
}

/** @returns a transformer that copies the comments of the properties of exported schemas and shapes. */
function describeOptions(checker) {
  return (context) => (file) =>
    ts.visitEachChild(
      file,
      (statement) => {
        if (ts.isVariableStatement(statement)) statement.declarationList.declarations.forEach(describe);
        return statement;
      },
      context,
    );

  function describe(declaration) {
    const source = ts.getParseTreeNode(declaration);
    const literal = declaration.type && shapeLiteral(declaration.type);
    if (source === undefined || literal === undefined) return;
    const type = checker.getTypeAtLocation(source);
    const shape = type.getProperty('shape');
    const properties = shape === undefined ? type : checker.getTypeOfSymbol(shape);
    for (const member of literal.members) {
      const name = member.name && ts.isIdentifier(member.name) ? member.name.text : undefined;
      const comment = name === undefined ? undefined : commentOf(properties.getProperty(name));
      if (comment === undefined || ts.getSyntheticLeadingComments(member) !== undefined) continue;
      ts.setEmitFlags(member, ts.EmitFlags.NoLeadingComments);
      ts.addSyntheticLeadingComment(member, ts.SyntaxKind.MultiLineCommentTrivia, comment, true);
    }
  }

  /** The members of the shape: of an object type, or of the first argument of `ZodObject<…>`. */
  function shapeLiteral(type) {
    if (ts.isTypeLiteralNode(type)) return type;
    const [first] = ts.isTypeReferenceNode(type) ? (type.typeArguments ?? []) : [];
    return first && ts.isTypeLiteralNode(first) ? first : undefined;
  }

  /** The text of a JSDoc comment without its delimiters. */
  function commentOf(property) {
    for (const declaration of property?.declarations ?? []) {
      const comment = ts.getJSDocCommentsAndTags(declaration).find(ts.isJSDoc);
      // Its lines stand as deep as in the source.
      if (comment)
        return comment
          .getText()
          .slice(2, -2)
          .replace(/\n *\*/g, '\n     *');
    }
    return undefined;
  }
}
