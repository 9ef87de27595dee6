/*===- sparsify.c - hinm through the C API
 * ----------------------------------===*
 *
 * Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===------------------------------------------------------------------------===*
 *
 * sparsify FILE: runs hinm-sparsify on a module and prints what comes out.
 */

#include "hinm-c/Registration.h"
#include "mlir-c/IR.h"
#include "mlir-c/Pass.h"
#include <stdio.h>
#include <stdlib.h>

static void print(MlirStringRef text, void *file) {
  fwrite(text.data, 1, text.length, (FILE *)file);
}

static char *readFile(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  long size;
  if (!file)
    return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
    rewind(file);
    text = malloc((size_t)size + 1);
    if (text)
      text[fread(text, 1, (size_t)size, file)] = '\0';
  }
  fclose(file);
  return text;
}

int main(int argc, char **argv) {
  char *text = argc == 2 ? readFile(argv[1]) : NULL;
  if (!text) {
    fprintf(stderr, "usage: sparsify FILE\n");
    return 1;
  }
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  hinmRegisterAllDialects(registry);
  hinmRegisterAllPasses();
  MlirContext context =
      mlirContextCreateWithRegistry(registry, /*threadingEnabled=*/true);
  MlirModule module =
      mlirModuleCreateParse(context, mlirStringRefCreateFromCString(text));
  free(text);
  int failed = mlirModuleIsNull(module);
  if (!failed) {
    MlirPassManager manager = mlirPassManagerCreate(context);
    MlirLogicalResult parsed = mlirParsePassPipeline(
        mlirPassManagerGetAsOpPassManager(manager),
        mlirStringRefCreateFromCString(
            "builtin.module(hinm-sparsify{sparsity=0.75 vector-size=32})"),
        print, stderr);
    failed = mlirLogicalResultIsFailure(parsed) ||
             mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(
                 manager, mlirModuleGetOperation(module)));
    if (!failed)
      mlirOperationPrint(mlirModuleGetOperation(module), print, stdout);
    mlirPassManagerDestroy(manager);
    mlirModuleDestroy(module);
  }
  mlirContextDestroy(context);
  mlirDialectRegistryDestroy(registry);
  return failed;
}
