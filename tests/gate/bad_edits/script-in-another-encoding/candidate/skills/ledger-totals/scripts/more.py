# coding: utf-7
+AGk-mport os
