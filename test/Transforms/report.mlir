// RUN: hinm-opt %s --hinm-report -o /dev/null | FileCheck %s --check-prefix=TEXT --match-full-lines
// RUN: hinm-opt %s --hinm-report="format=json output=%t.json" | FileCheck %s --check-prefix=IR
// RUN: %python -c "import json, sys; print(json.dumps(json.load(open(sys.argv[1])), sort_keys=True))" %t.json | FileCheck %s --check-prefix=JSON
// RUN: not hinm-opt %s --hinm-report=format=xml -o /dev/null 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not hinm-opt %s --hinm-report=output=%t.none/report -o /dev/null 2>&1 | FileCheck %s --check-prefix=OUTPUT

// FORMAT: unknown report format 'xml', expected text or json
// OUTPUT: cannot write the report:

// TEXT: layer rows x columns V N:M sparsity retained without unstruct status, kernel
// TEXT-NEXT: packed 32 x 128 32 2:4 0.7500 0.9000 0.8000 0.9500 packed, m32n32k64s3
// TEXT-NEXT: none 32 x 128 - - - - - - packed (no kernel)
// TEXT-NEXT: pruned 2 x 4 2 2:4 0.5000 0.7000 - - pruned
// TEXT-NEXT: permuted 2 x 4 2 2:4 - 0.7000 0.6000 0.8000 permuted
// TEXT-NEXT: patterned 2 x 4 2 2:4 - - - - patterned
// TEXT-NEXT: dense 2 x 4 - - - - - - dense (it has 2 output channels)
// TEXT-NEXT: math.exp at line {{[0-9]+}} - - - - - - - skipped (not a layer)
// TEXT-NEXT: covered: 99.90 % of the layers' weights
// TEXT-NEXT: permutations: 3 folded, 1 left at run time

// IR: module attributes {hinm.permutations_folded = 3 : i64}
// IR: hinm.spmm

// JSON: {"coverage": 0.999{{[0-9]+}}, "layers": [{"columns": 128, "kernel": "m32n32k64s3", "name": "packed", "nm": "2:4", "reason": "", "retained": 0.9, "retained_no_permutation": 0.8, "retained_unstructured": 0.95, "row_index": false, "rows": 32, "sparsity": 0.75, "status": "packed", "tile": 32, "weights": 4096},
// JSON-SAME: {"columns": 128, "kernel": "none", "name": "none", "nm": "", "reason": "no kernel", "retained": null, "retained_no_permutation": null, "retained_unstructured": null, "row_index": false, "rows": 32, "sparsity": null, "status": "packed", "tile": null, "weights": 4096},
// JSON-SAME: "name": "pruned"{{.*}} "status": "pruned"
// JSON-SAME: "name": "permuted"{{.*}} "status": "permuted"
// JSON-SAME: "name": "patterned"{{.*}} "status": "patterned"
// JSON-SAME: "name": "dense"{{.*}} "status": "dense"
// JSON-SAME: "reason": "not a layer"{{.*}} "rows": null{{.*}} "status": "skipped"
// JSON-SAME: "permutations_folded": 3, "runtime_permutes": 1}

#p = #hinm.pattern<tile = 2, nm = 2:4, policy = all>
#c = #hinm.column_index<columns = dense<[3, 2, 1, 0]> : tensor<4xi32>, offsets = dense<[0, 4]> : tensor<2xi32>>
module attributes {hinm.permutations_folded = 3 : i64} {
func.func @layers(%v: tensor<1024xf16>, %m: tensor<64xi32>, %l: tensor<64xi32>, %o: tensor<2xi32>,
                  %x: tensor<128x16xf16>, %i: tensor<32x16xf32>, %w: tensor<2x4xf32>, %y: tensor<4x2xf32>, %e: tensor<2x2xf32>) {
  %a = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>)
      {layer = "packed", hinm.pattern = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5>,
       hinm.stats = {retained = 0.9, retained_no_permutation = 0.8, retained_unstructured = 0.95, sparsity = 0.75},
       schedule = #hinm.schedule<tile_m = 32, tile_n = 32, tile_k = 64, stages = 3, warps_m = 1, warps_n = 4>} -> tensor<32x16xf32>
  %b = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
      ins(%v, %m, %l, %o, %x : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>) outs(%i : tensor<32x16xf32>)
      {layer = "none", hinm.skipped = "no kernel"} -> tensor<32x16xf32>
  %s = hinm.permute %y by #hinm.permutation<dense<[2, 0, 1, 3]> : tensor<4xi32>> dim 0 : tensor<4x2xf32>
  %c = hinm.matmul ins(%w, %s : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
      {layer = "pruned", pattern = #p, columns = #c, hinm.stats = {retained = 0.7, sparsity = 0.5}} -> tensor<2x2xf32>
  %d = hinm.matmul ins(%w, %s : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
      {layer = "permuted", pattern = #p, columns = #c, hinm.stats = {retained = 0.7, retained_no_permutation = 0.6, retained_unstructured = 0.8}} -> tensor<2x2xf32>
  %f = hinm.matmul ins(%w, %s : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
      {layer = "patterned", pattern = #p} -> tensor<2x2xf32>
  %g = hinm.matmul ins(%w, %s : tensor<2x4xf32>, tensor<4x2xf32>) outs(%e : tensor<2x2xf32>)
      {layer = "dense", hinm.skipped = "it has 2 output channels"} -> tensor<2x2xf32>
  %h = math.exp %y {hinm.skipped = "not a layer"} : tensor<4x2xf32>
  return
}
}
